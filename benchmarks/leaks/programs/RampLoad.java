package org.shopfront.ramp;

import harness.Program;
import java.util.ArrayDeque;

/** Load that rises all the time: more requests, more of them open, each as long as ever. */
public final class RampLoad {
    static final class Request {
        final byte[] body = new byte[400];
        final long ends;

        Request(long ends) {
            this.ends = ends;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        double slope = program.number("slope", 4.5);
        ArrayDeque<Request> open = new ArrayDeque<>();
        program.arrivals(() -> 40 + slope * program.seconds(), () -> {
            long now = System.nanoTime();
            open.add(new Request(now + 2_500_000_000L));
            while (open.peek().ends < now) {
                open.poll();
            }
        });
        program.count("open", open::size);
        program.run();
    }
}
