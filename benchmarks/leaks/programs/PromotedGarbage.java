package com.acme.jobs.queue;

import harness.Program;
import java.util.ArrayDeque;

/** Jobs that live just long enough to die in the old generation. */
public final class PromotedGarbage {
    static final class Job {
        final byte[] work;
        final long ends;

        Job(int size, long ends) {
            this.work = new byte[size];
            this.ends = ends;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        double life = program.number("life", 6);
        double size = program.number("size", 250);
        ArrayDeque<Job> running = new ArrayDeque<>();
        program.arrivals(program.number("rate", 330), () -> {
            long now = System.nanoTime();
            running.add(new Job((int) size, now + (long) (life * 1e9)));
            while (running.peek().ends < now) {
                running.poll();
            }
        });
        program.count("running", running::size);
        program.run();
    }
}
