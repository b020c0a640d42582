package net.mailer.batch;

import harness.Program;
import java.util.concurrent.ArrayBlockingQueue;

/** A bounded queue that is emptied whenever it is full: a saw. */
public final class QueueSaw {
    static final class Letter {
        final String text;

        Letter(String text) {
            this.text = text;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        int bound = (int) program.number("bound", 4000);
        ArrayBlockingQueue<Letter> queue = new ArrayBlockingQueue<>(bound);
        program.arrivals(program.number("rate", 280), () -> {
            if (!queue.offer(new Letter(program.text("l", 14)))) {
                queue.clear();
            }
        });
        program.count("queued", queue::size);
        program.run();
    }
}
