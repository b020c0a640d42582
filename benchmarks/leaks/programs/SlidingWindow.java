package net.gauge.window;

import harness.Program;
import java.util.ArrayDeque;

/** The measurements of the last while, one object each: as many as come in within it. */
public final class SlidingWindow {
    static final class Measurement {
        final long time = System.nanoTime();
        final double value;

        Measurement(double value) {
            this.value = value;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        double window = program.number("window", 28);
        ArrayDeque<Measurement> kept = new ArrayDeque<>();
        program.arrivals(program.number("rate", 150), () -> {
            kept.add(new Measurement(program.random.nextDouble()));
            while (System.nanoTime() - kept.peek().time > window * 1e9) {
                kept.poll();
            }
        });
        program.count("kept", kept::size);
        program.run();
    }
}
