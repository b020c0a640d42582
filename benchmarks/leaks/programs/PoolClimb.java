package org.db.connections;

import harness.Program;
import java.util.ArrayList;
import java.util.List;

/** A pool of connections that climbs to its maximum while the users come. */
public final class PoolClimb {
    static final class Connection {
        final byte[] in = new byte[2048];
        final byte[] out = new byte[2048];
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        double bound = program.number("bound", 50);
        List<Connection> pool = new ArrayList<>();
        program.arrivals(program.number("rate", 1.4), () -> {
            if (pool.size() < bound) {
                pool.add(new Connection());
            }
        });
        program.count("connections", pool::size);
        program.run();
    }
}
