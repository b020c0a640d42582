package com.acme.imports;

import harness.Program;
import java.util.ArrayList;
import java.util.List;

/** Bursts: an import each ten seconds, whose records stay. */
public final class BurstImport {
    static final class ImportRecord {
        final String key;
        final long[] fields = new long[4];

        ImportRecord(String key) {
            this.key = key;
        }
    }

    private static final List<ImportRecord> SEEN = new ArrayList<>();

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        double records = program.number("records", 450);
        program.every(program.number("every", 8), () -> {
            int count = program.poisson(records);
            List<ImportRecord> batch = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                batch.add(new ImportRecord(program.text("r", 12)));
                if (i % 50 == 0) {
                    Program.pause(10);
                }
            }
            if (program.leaks()) {
                SEEN.addAll(batch);
            } else {
                program.brief(batch);
            }
        });
        program.count("leaked", SEEN::size);
        program.run();
    }
}
