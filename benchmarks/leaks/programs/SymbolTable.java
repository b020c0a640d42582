package org.text.lexer;

import harness.Program;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A symbol table: grows until it has seen every word that there is. */
public final class SymbolTable {
    static final class Symbol {
        final String name;
        int uses;

        Symbol(String name) {
            this.name = name;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        int words = (int) program.number("words", 3300);
        Map<String, Symbol> table = new ConcurrentHashMap<>();
        program.arrivals(program.number("rate", 200), () -> table.computeIfAbsent("w" + program.random.nextInt(words), Symbol::new).uses++);
        program.count("symbols", table::size);
        program.run();
    }
}
