package org.tasks.web;

import harness.Program;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/** An executor for each request that is never shut down: its thread waits for work for ever. */
public final class ExecutorPerRequest {
    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        AtomicLong leaked = new AtomicLong();
        program.every(program.number("every", 0.7), () -> {
            ExecutorService executor = Executors.newFixedThreadPool(1);
            executor.execute(() -> Program.pause(20));
            if (program.leaks()) {
                leaked.incrementAndGet();
            } else {
                executor.shutdown();
            }
        });
        program.count("leaked", leaked::get);
        program.run();
    }
}
