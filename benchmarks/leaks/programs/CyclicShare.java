package org.session.web;

import harness.Program;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A share of a population that comes and goes: one session in so many is not ended with its user's day. */
public final class CyclicShare {
    static final class Session {
        final Map<String, Object> values = new HashMap<>();
        final long ends;

        Session(long ends) {
            this.ends = ends;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        double period = program.number("period", 22);
        double rate = program.number("rate", 160);
        double share = program.number("share", 0.12);
        ArrayDeque<Session> open = new ArrayDeque<>();
        List<Session> stuck = new ArrayList<>();
        program.arrivals(() -> rate * (1 + 0.9 * Math.sin(2 * Math.PI * program.seconds() / period)), () -> {
            long now = System.nanoTime();
            Session session = new Session(now + 4_000_000_000L);
            session.values.put("user", program.text("u", 9));
            if (program.random.nextDouble() < share && program.leaks()) {
                stuck.add(session);
            } else {
                open.add(session);
            }
            while (!open.isEmpty() && open.peek().ends < now) {
                open.poll();
            }
        });
        program.count("leaked", stuck::size);
        program.count("open", open::size);
        program.run();
    }
}
