package org.portal.login;

import harness.Program;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** Sessions that end some time after their last use. */
public final class TtlSessions {
    static final class Session {
        final Map<String, Object> values = new HashMap<>();
        final long ends;

        Session(long ends) {
            this.ends = ends;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        double ttl = program.number("ttl", 30);
        LinkedHashMap<String, Session> sessions = new LinkedHashMap<>();
        program.arrivals(program.number("rate", 70), () -> {
            long now = System.nanoTime();
            Session session = new Session(now + (long) (ttl * 1e9));
            session.values.put("user", program.text("u", 10));
            sessions.put(program.text("s-", 20), session);
            while (sessions.values().iterator().next().ends < now) {
                sessions.remove(sessions.keySet().iterator().next());
            }
        });
        program.count("sessions", sessions::size);
        program.run();
    }
}
