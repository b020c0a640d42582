package io.stage.actors;

import harness.Program;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** An actor whose children are never stopped: one for each upload, with its mailbox and its chunks. */
public final class ActorTree {
    static final class Cell {
        final Map<String, Cell> children = new ConcurrentHashMap<>();
        final Mailbox mailbox = new Mailbox();
        final Object actor;

        Cell(Object actor) {
            this.actor = actor;
        }
    }

    static final class Mailbox {
        final ArrayDeque<Object> messages = new ArrayDeque<>();
    }

    static final class Chunk {
        final byte[] bytes;

        Chunk(int size) {
            bytes = new byte[size];
        }
    }

    static final class Upload {
        final List<Chunk> chunks = new ArrayList<>();
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        double size = program.number("size", 300);
        Cell guardian = new Cell("guardian");
        program.arrivals(program.number("rate", 30), () -> {
            Upload upload = new Upload();
            for (int i = 0; i < 3; i++) {
                upload.chunks.add(new Chunk((int) (size * (0.5 + program.random.nextDouble()))));
            }
            Cell cell = new Cell(upload);
            if (program.leaks()) {
                guardian.children.put(program.text("upload-", 18), cell);
            } else {
                program.brief(cell);
            }
        });
        program.count("leaked", guardian.children::size);
        program.run();
    }
}
