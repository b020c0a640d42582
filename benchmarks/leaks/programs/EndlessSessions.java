package org.portal.web;

import harness.Program;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Sessions without an end: those of robots are never logged out. */
public final class EndlessSessions {
    static final class Cart {
        final int[] articles = new int[8];
    }

    static final class Session {
        final String id;
        final Map<String, Object> values = new HashMap<>();

        Session(String id) {
            this.id = id;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        Map<String, Session> sessions = new ConcurrentHashMap<>();
        ArrayDeque<String> leaving = new ArrayDeque<>();
        double life = program.number("life", 6);
        double rate = program.number("rate", 50);
        double robots = program.number("robots", 0.5);
        program.arrivals(rate, () -> {
            Session session = new Session(program.text("s-", 22));
            session.values.put("cart", new Cart());
            sessions.put(session.id, session);
            if (program.random.nextDouble() >= robots || !program.leaks()) {
                leaving.add(session.id);
            }
            while (leaving.size() > rate * life) {
                sessions.remove(leaving.poll());
            }
        });
        program.count("sessions", sessions::size);
        program.run();
    }
}
