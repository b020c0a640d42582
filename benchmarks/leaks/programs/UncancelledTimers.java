package io.scheduler.app;

import harness.Program;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Timeouts that are scheduled for each request and neither cancelled nor removed when the answer is there. */
public final class UncancelledTimers {
    static final class Timeout implements Runnable {
        final String request;

        Timeout(String request) {
            this.request = request;
        }

        @Override
        public void run() {
            System.err.println("timeout of " + request);
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        ScheduledThreadPoolExecutor timers = new ScheduledThreadPoolExecutor(1);
        timers.setRemoveOnCancelPolicy(true);
        program.arrivals(program.number("rate", 35), () -> {
            Timeout timeout = new Timeout(program.text("req-", 14));
            ScheduledFuture<?> scheduled = timers.schedule(timeout, 2, TimeUnit.HOURS);
            if (!program.leaks()) {
                scheduled.cancel(false);
                program.brief(timeout);
            }
        });
        program.count("leaked", () -> timers.getQueue().size());
        program.run();
    }
}
