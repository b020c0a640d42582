package com.parcel.desk;

import harness.Program;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;

/** Two leaks that have nothing to do with each other. */
public final class TwoLeaks {
    static final class Note {
        final int author;

        Note(int author) {
            this.author = author;
        }
    }

    static final class Ticket {
        final List<Note> notes = new LinkedList<>();
    }

    static final class Shipment {
        final long number;
        final byte[] label = new byte[200];

        Shipment(long number) {
            this.number = number;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        List<Ticket> closed = new ArrayList<>();
        Map<Long, Shipment> sent = new HashMap<>();
        program.arrivals(program.number("tickets", 45), () -> {
            Ticket ticket = new Ticket();
            for (int i = 0; i < 3; i++) {
                ticket.notes.add(new Note(i));
            }
            if (program.leaks()) {
                closed.add(ticket);
            } else {
                program.brief(ticket);
            }
        });
        program.arrivals(program.number("shipments", 20), () -> {
            Shipment shipment = new Shipment(program.random.nextLong());
            if (program.leaks()) {
                sent.put(shipment.number, shipment);
            } else {
                program.brief(shipment);
            }
        });
        program.count("leaked_a", closed::size);
        program.count("leaked_b", sent::size);
        program.run();
    }
}
