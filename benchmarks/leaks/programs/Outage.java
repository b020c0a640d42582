package net.rpc.retry;

import harness.Program;
import java.util.ArrayDeque;

/** A peer that is away for a while: what could not be sent waits, and is sent when the peer is back. */
public final class Outage {
    static final class Message {
        final String text;

        Message(String text) {
            this.text = text;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        double from = program.number("from", 30);
        double lasts = program.number("lasts", 22);
        double rate = program.number("rate", 90);
        ArrayDeque<Message> waiting = new ArrayDeque<>();
        program.arrivals(rate, () -> {
            waiting.add(new Message(program.text("m", 14)));
            double now = program.seconds();
            boolean away = now > from && now < from + lasts;
            for (int i = 0; !away && i < 4 && !waiting.isEmpty(); i++) {
                waiting.poll();
            }
        });
        program.count("waiting", waiting::size);
        program.run();
    }
}
