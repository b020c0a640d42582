package net.gate.api;

import harness.Program;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/** Callbacks on a future that never ends: each call hangs one more behind "the server is closed". */
public final class FutureChain {
    static final class Call {
        final String path;
        volatile boolean closed;

        Call(String path) {
            this.path = path;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        CompletableFuture<Void> closed = new CompletableFuture<>();
        AtomicLong leaked = new AtomicLong();
        program.arrivals(program.number("rate", 45), () -> {
            Call call = new Call(program.text("/items/", 18));
            if (program.leaks()) {
                closed.thenRun(() -> call.closed = true);
                leaked.incrementAndGet();
            } else {
                program.brief(call);
            }
        });
        program.count("leaked", leaked::get);
        program.run();
    }
}
