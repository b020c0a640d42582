package org.search.cache;

import harness.Program;
import java.util.HashMap;
import java.util.Map;

/** Without a bound, but ever slower: keys come again as words of a language do. Whether that leaks is a matter of taste. */
public final class ZipfCache {
    static final class Hit {
        final double score;

        Hit(double score) {
            this.score = score;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        Map<Long, Hit> cache = new HashMap<>();
        program.arrivals(program.number("rate", 230), () -> {
            long key = (long) Math.pow(program.random.nextDouble(), -1.1);
            cache.computeIfAbsent(key, unused -> new Hit(program.random.nextDouble()));
        });
        program.count("entries", cache::size);
        program.run();
    }
}
