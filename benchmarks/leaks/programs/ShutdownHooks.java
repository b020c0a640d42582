package com.acme.connections;

import harness.Program;
import java.util.concurrent.atomic.AtomicLong;

/** A shutdown hook for each connection: threads that are never started, and never collected. */
public final class ShutdownHooks {
    static final class Connection {
        final byte[] buffer = new byte[256];
        boolean open = true;
    }

    static final class Closer extends Thread {
        final Connection connection;

        Closer(Connection connection) {
            this.connection = connection;
        }

        @Override
        public void run() {
            connection.open = false;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        AtomicLong leaked = new AtomicLong();
        program.arrivals(program.number("rate", 9), () -> {
            Closer closer = new Closer(new Connection());
            Runtime.getRuntime().addShutdownHook(closer);
            if (program.leaks()) {
                leaked.incrementAndGet();
            } else {
                Runtime.getRuntime().removeShutdownHook(closer);
                program.brief(closer);
            }
        });
        program.count("leaked", leaked::get);
        program.run();
    }
}
