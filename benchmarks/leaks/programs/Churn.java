package com.acme.quotes;

import harness.Program;

/** Nothing but objects that die young. */
public final class Churn {
    static final class Tick {
        final double price;
        final long time = System.nanoTime();

        Tick(double price) {
            this.price = price;
        }
    }

    private static volatile Tick newest;

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        program.arrivals(program.number("rate", 20_000), () -> newest = new Tick(program.random.nextDouble()));
        program.count("none", () -> newest == null ? 0 : 1);
        program.run();
    }
}
