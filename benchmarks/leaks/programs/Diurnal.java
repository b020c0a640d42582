package org.shopfront.day;

import harness.Program;
import java.util.ArrayDeque;

/** Load that comes and goes as days do, and the sessions with it. */
public final class Diurnal {
    static final class Visit {
        final String page;
        final long ends;

        Visit(String page, long ends) {
            this.page = page;
            this.ends = ends;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        double rate = program.number("rate", 230);
        double period = program.number("period", 50);
        double phase = program.number("phase", 1);
        ArrayDeque<Visit> open = new ArrayDeque<>();
        program.arrivals(() -> rate * (1 + 0.8 * Math.sin(2 * Math.PI * (program.seconds() / period + phase))), () -> {
            long now = System.nanoTime();
            open.add(new Visit(program.text("/p/", 12), now + 6_000_000_000L));
            while (open.peek().ends < now) {
                open.poll();
            }
        });
        program.count("open", open::size);
        program.run();
    }
}
