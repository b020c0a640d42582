package com.acme.campaign;

import harness.Program;
import java.util.ArrayDeque;

/** A campaign: its bookings rise to a peak and are worked off. */
public final class Triangle {
    static final class Booking {
        final String guest;

        Booking(String guest) {
            this.guest = guest;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        double peak = program.number("peak", 3600);
        double at = program.number("at", 52);
        ArrayDeque<Booking> open = new ArrayDeque<>();
        program.every(0.2, () -> {
            double part = program.seconds() / at;
            double wanted = peak * Math.max(0, Math.min(part, 2 - part));
            while (open.size() < wanted) {
                open.add(new Booking(program.text("g", 10)));
            }
            while (open.size() > wanted) {
                open.poll();
            }
        });
        program.count("open", open::size);
        program.run();
    }
}
