package io.ledger.office;

import harness.Program;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** An office: logins that expire, a window of measurements, threads by load, rates that are read anew. For long runs. */
public final class BackOffice {
    static final class Login {
        final String user;
        final long ends;

        Login(String user, long ends) {
            this.user = user;
            this.ends = ends;
        }
    }

    static final class Measurement {
        final long time = System.nanoTime();
    }

    static final class Rate {
        final String currency;

        Rate(String currency) {
            this.currency = currency;
        }
    }

    private static volatile Rate[] rates = {};

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        double rate = program.number("rate", 12);
        double ttl = program.number("ttl", 150);
        LinkedHashMap<String, Login> logins = new LinkedHashMap<>();
        ArrayDeque<Measurement> window = new ArrayDeque<>();
        ThreadPoolExecutor pool = new ThreadPoolExecutor(2, 40, 15, TimeUnit.SECONDS, new SynchronousQueue<>(), new ThreadPoolExecutor.DiscardPolicy());
        program.arrivals(() -> rate * (1 + 0.3 * Math.sin(program.seconds() / 130)), () -> {
            long now = System.nanoTime();
            logins.put(program.text("l", 18), new Login(program.text("u", 9), now + (long) (ttl * 1e9)));
            for (Map.Entry<String, Login> eldest = first(logins); eldest.getValue().ends < now; eldest = first(logins)) {
                logins.remove(eldest.getKey());
            }
            pool.execute(() -> Program.pause(400));
        });
        program.arrivals(20, () -> {
            window.add(new Measurement());
            while (System.nanoTime() - window.peek().time > 300e9) {
                window.poll();
            }
        });
        program.every(60, () -> {
            Rate[] read = new Rate[1500];
            for (int i = 0; i < read.length; i++) {
                read[i] = new Rate(program.text("c", 6));
            }
            rates = read;
        });
        program.count("logins", logins::size);
        program.count("rates", () -> rates.length);
        program.run();
    }

    private static Map.Entry<String, Login> first(LinkedHashMap<String, Login> logins) {
        return logins.entrySet().iterator().next();
    }
}
