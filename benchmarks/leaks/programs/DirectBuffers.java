package net.wire.io;

import harness.Program;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Direct buffers that are never given back: little in the heap, much outside. */
public final class DirectBuffers {
    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        List<ByteBuffer> held = new ArrayList<>();
        program.arrivals(program.number("rate", 12), () -> {
            ByteBuffer buffer = ByteBuffer.allocateDirect(4096);
            if (program.leaks()) {
                held.add(buffer);
            } else {
                program.brief(buffer);
            }
        });
        program.count("leaked", held::size);
        program.run();
    }
}
