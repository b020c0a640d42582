package org.tasks.elastic;

import harness.Program;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Threads that come with load and go some seconds after it. */
public final class ElasticPool {
    static final class Task implements Runnable {
        final long milliseconds;

        Task(long milliseconds) {
            this.milliseconds = milliseconds;
        }

        @Override
        public void run() {
            Program.pause(milliseconds);
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        double rate = program.number("rate", 40);
        double period = program.number("period", 35);
        ThreadPoolExecutor pool = new ThreadPoolExecutor(2, 90, 4, TimeUnit.SECONDS, new SynchronousQueue<>(), new ThreadPoolExecutor.DiscardPolicy());
        program.arrivals(() -> rate * (1 + 0.8 * Math.sin(2 * Math.PI * program.seconds() / period)), () -> pool.execute(new Task(300 + program.random.nextInt(900))));
        program.count("threads", pool::getPoolSize);
        program.run();
    }
}
