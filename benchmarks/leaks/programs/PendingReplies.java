package net.rpc.client;

import harness.Program;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** Requests whose reply got lost stay in the table of pending ones: there is no timeout. */
public final class PendingReplies {
    static final class Call {
        final long id;
        final CompletableFuture<byte[]> reply = new CompletableFuture<>();

        Call(long id) {
            this.id = id;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        Map<Long, Call> pending = new ConcurrentHashMap<>();
        double lost = program.number("lost", 0.15);
        program.arrivals(program.number("rate", 180), () -> {
            Call call = new Call(program.random.nextLong());
            pending.put(call.id, call);
            if (program.random.nextDouble() >= lost || !program.leaks()) {
                pending.remove(call.id).reply.complete(new byte[300]);
                program.brief(call);
            }
        });
        program.count("leaked", pending::size);
        program.run();
    }
}
