package com.acme.config;

import harness.Program;
import java.util.HashMap;
import java.util.Map;

/** A configuration that is read anew every few seconds, and replaces the one before as a whole. */
public final class ConfigReload {
    static final class Setting {
        final String value;

        Setting(String value) {
            this.value = value;
        }
    }

    private static volatile Map<String, Setting> current = Map.of();

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        double settings = program.number("settings", 2500);
        program.every(program.number("every", 7), () -> {
            Map<String, Setting> read = new HashMap<>();
            int count = program.poisson(settings);
            for (int i = 0; i < count; i++) {
                read.put("key." + i, new Setting(program.text("v", 12)));
            }
            current = read;
        });
        program.count("settings", () -> current.size());
        program.run();
    }
}
