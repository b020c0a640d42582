package com.acme.nightly;

import harness.Program;
import java.util.ArrayList;
import java.util.List;

/** A job each twenty seconds that loads its rows, works on them, and drops them. */
public final class Batch {
    static final class Row {
        final long key;
        final long[] cells = new long[3];

        Row(long key) {
            this.key = key;
        }
    }

    private static volatile List<Row> rows = List.of();

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        double count = program.number("rows", 9000);
        double hold = program.number("hold", 6);
        program.every(program.number("every", 17), () -> {
            List<Row> loaded = new ArrayList<>();
            rows = loaded;
            for (int i = 0; i < count; i++) {
                loaded.add(new Row(i));
                if (i % 300 == 0) {
                    Program.pause(20);
                }
            }
            Program.pause((long) (hold * 1000));
            rows = List.of();
        });
        program.count("rows", () -> rows.size());
        program.run();
    }
}
