package com.acme.jobs;

import harness.Program;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** A thread per job, which waits for a peer that has hung up. */
public final class ThreadPerJob {
    static final class Job implements Runnable {
        final CountDownLatch answer = new CountDownLatch(1);
        final boolean lost;

        Job(boolean lost) {
            this.lost = lost;
        }

        @Override
        public void run() {
            try {
                if (lost) {
                    answer.await();
                } else {
                    answer.await(1500, TimeUnit.MILLISECONDS);
                }
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        AtomicLong leaked = new AtomicLong();
        program.every(program.number("every", 0.5), () -> {
            boolean lost = program.leaks();
            Program.thread("job", new Job(lost));
            leaked.addAndGet(lost ? 1 : 0);
        });
        program.count("leaked", leaked::get);
        program.run();
    }
}
