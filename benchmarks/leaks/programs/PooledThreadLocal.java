package io.ledger.audit;

import harness.Program;
import java.util.LinkedList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/** A ThreadLocal of pooled threads: what one request puts there, the thread keeps for ever. */
public final class PooledThreadLocal {
    static final class AuditEntry {
        final String user;
        final long time = System.currentTimeMillis();

        AuditEntry(String user) {
            this.user = user;
        }
    }

    private static final ThreadLocal<List<AuditEntry>> TRAIL = ThreadLocal.withInitial(LinkedList::new);

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        ExecutorService pool = Executors.newFixedThreadPool(8);
        AtomicLong leaked = new AtomicLong();
        program.arrivals(program.number("rate", 60), () -> {
            AuditEntry entry = new AuditEntry(program.text("u", 10));
            boolean leaks = program.leaks();
            pool.execute(() -> {
                if (leaks) {
                    TRAIL.get().add(entry);
                    leaked.incrementAndGet();
                } else {
                    program.brief(entry);
                }
            });
        });
        program.count("leaked", leaked::get);
        program.run();
    }
}
