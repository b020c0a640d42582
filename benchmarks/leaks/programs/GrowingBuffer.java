package com.acme.report;

import harness.Program;
import java.io.ByteArrayOutputStream;

/** One array that doubles: a log kept in memory. The number of objects stays, only bytes grow, in jumps. */
public final class GrowingBuffer {
    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        double size = program.number("size", 2500);
        program.arrivals(program.number("rate", 45), () -> {
            byte[] line = new byte[(int) size];
            if (program.leaks()) {
                log.write(line, 0, line.length);
            }
        });
        program.count("leaked", log::size);
        program.run();
    }
}
