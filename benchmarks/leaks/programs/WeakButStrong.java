package org.graphics.model;

import harness.Program;
import java.util.Map;
import java.util.WeakHashMap;

/** A weak map whose values hold their keys: nothing in it is ever collected. */
public final class WeakButStrong {
    static final class Shape {
        final double[] points = new double[6];
    }

    static final class Bounds {
        final Shape shape;
        final double area;

        Bounds(Shape shape, double area) {
            this.shape = shape;
            this.area = area;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        Map<Shape, Bounds> cache = new WeakHashMap<>();
        program.arrivals(program.number("rate", 40), () -> {
            Shape shape = new Shape();
            Bounds bounds = new Bounds(program.leaks() ? shape : null, program.random.nextDouble());
            cache.put(shape, bounds);
            program.brief(shape);
        });
        program.count("leaked", cache::size);
        program.run();
    }
}
