package net.mailer.queue;

import harness.Program;
import java.util.concurrent.LinkedBlockingQueue;

/** A queue without a bound, whose consumer is slower than what comes in. */
public final class SlowConsumer {
    static final class Mail {
        final String to;
        final byte[] body;

        Mail(String to, byte[] body) {
            this.to = to;
            this.body = body;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        LinkedBlockingQueue<Mail> queue = new LinkedBlockingQueue<>();
        double rate = program.number("rate", 90);
        double slower = program.number("slower", 0.35);
        double size = program.number("size", 120);
        program.arrivals(rate, () -> queue.add(new Mail(program.text("a@", 16), new byte[(int) size])));
        program.arrivals(() -> program.leaks() ? rate * (1 - slower) : 1.5 * rate, queue::poll);
        program.count("leaked", queue::size);
        program.run();
    }
}
