package com.acme.coupons;

import harness.Program;
import java.util.HashMap;
import java.util.Map;

/** A late onset: the leaking feature is switched on while the program runs. */
public final class LateOnset {
    static final class Coupon {
        final String code;
        final Integer percent;

        Coupon(String code, Integer percent) {
            this.code = code;
            this.percent = percent;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        double onset = program.number("onset", 60);
        Map<String, Coupon> issued = new HashMap<>();
        program.arrivals(program.number("rate", 110), () -> {
            Coupon coupon = new Coupon(program.text("c-", 12), 1000 + program.random.nextInt(50));
            if (program.seconds() > onset && program.leaks()) {
                issued.put(coupon.code, coupon);
            } else {
                program.brief(coupon);
            }
        });
        program.count("leaked", issued::size);
        program.run();
    }
}
