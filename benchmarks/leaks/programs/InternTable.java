package org.text.index;

import harness.Program;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A home-made intern table without an end: nothing but strings and the nodes of a map grow. */
public final class InternTable {
    private static final Map<String, String> TABLE = new ConcurrentHashMap<>();

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        program.arrivals(program.number("rate", 120), () -> {
            String word = program.leaks() ? program.text("w", 16) : "w" + program.random.nextInt(800);
            TABLE.putIfAbsent(word, word);
        });
        program.count("leaked", TABLE::size);
        program.run();
    }
}
