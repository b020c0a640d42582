package net.gauge.metrics;

import harness.Program;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A slow leak under heavy churn of the same class: one gauge in some hundreds gets a name that never
 * comes again; of the others the share `held` lives for two seconds.
 */
public final class SlowChurn {
    static final class Gauge {
        volatile double value;
        final long created = System.nanoTime();
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        Map<Long, Gauge> named = new ConcurrentHashMap<>();
        double rate = program.number("rate", 1.1);
        double churn = program.number("churn", 500);
        double held = program.number("held", 0.2);
        program.arrivals(churn, () -> {
            Gauge gauge = new Gauge();
            gauge.value = gauge.created % 100;
            if (program.random.nextDouble() < held) {
                program.brief(gauge);
            }
        });
        program.arrivals(rate, () -> {
            if (program.leaks()) {
                named.put(System.nanoTime(), new Gauge());
            }
        });
        program.count("leaked", named::size);
        program.run();
    }
}
