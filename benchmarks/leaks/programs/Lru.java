package com.acme.catalog;

import harness.Program;
import java.util.LinkedHashMap;
import java.util.Map;

/** A cache of the least recently used: fills, and then holds so many. */
public final class Lru {
    static final class Product {
        final String name;
        final double price;

        Product(String name, double price) {
            this.name = name;
            this.price = price;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        double bound = program.number("bound", 4000);
        Map<Long, Product> cache = new LinkedHashMap<>(64, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Long, Product> eldest) {
                return size() > bound;
            }
        };
        program.arrivals(program.number("rate", 140), () -> cache.computeIfAbsent(program.random.nextLong(), key -> new Product(program.text("p", 12), 1.5)));
        program.count("entries", cache::size);
        program.run();
    }
}
