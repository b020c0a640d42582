package com.acme.portal;

import harness.Program;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;

/** A day at a portal: visits with the load, a bounded cache, a report now and then. Made to be watched for long. */
public final class Portal {
    static final class Visit {
        final String user;
        final long ends;

        Visit(String user, long ends) {
            this.user = user;
            this.ends = ends;
        }
    }

    static final class Article {
        final String title;

        Article(String title) {
            this.title = title;
        }
    }

    static final class Line {
        final long[] sums = new long[4];
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        double rate = program.number("rate", 40);
        double period = program.number("period", 600);
        double bound = program.number("bound", 3000);
        ArrayDeque<Visit> open = new ArrayDeque<>();
        Map<Integer, Article> cache = new LinkedHashMap<>(64, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Integer, Article> eldest) {
                return size() > bound;
            }
        };
        program.arrivals(() -> rate * (1 + 0.7 * Math.sin(2 * Math.PI * program.seconds() / period)), () -> {
            long now = System.nanoTime();
            open.add(new Visit(program.text("u", 10), now + 20_000_000_000L));
            while (open.peek().ends < now) {
                open.poll();
            }
            cache.computeIfAbsent(program.random.nextInt(20_000), number -> new Article(program.text("t", 24)));
        });
        program.every(90, () -> {
            Line[] report = new Line[4000];
            for (int i = 0; i < report.length; i++) {
                report[i] = new Line();
            }
            program.brief(report);
        });
        program.count("open", open::size);
        program.count("cached", cache::size);
        program.run();
    }
}
