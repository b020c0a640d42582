package com.acme.boot;

import harness.Program;
import java.util.ArrayList;
import java.util.List;

/** A program that starts in stages: each builds its tables once. */
public final class LazyInit {
    static final class Rule {
        final String expression;
        final int[] codes = new int[6];

        Rule(String expression) {
            this.expression = expression;
        }
    }

    private static final List<List<Rule>> TABLES = new ArrayList<>();

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        double rules = program.number("rules", 900);
        double[] stages = {1, program.number("second", 15), program.number("third", 24), program.number("fourth", 50)};
        Program.thread("boot", () -> {
            for (double stage : stages) {
                while (program.seconds() < stage) {
                    Program.pause(50);
                }
                List<Rule> table = new ArrayList<>();
                for (int i = 0; i < rules; i++) {
                    table.add(new Rule(program.text("a > ", 12)));
                }
                TABLES.add(table);
            }
        });
        program.count("tables", TABLES::size);
        program.run();
    }
}
