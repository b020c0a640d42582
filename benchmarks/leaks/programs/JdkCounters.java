package com.acme.counters;

import harness.Program;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** No class of the application grows: a counter for each client address, all of them the library's classes. */
public final class JdkCounters {
    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        Map<String, LongAdder> hits = new ConcurrentHashMap<>();
        program.arrivals(program.number("rate", 75), () -> {
            if (program.leaks()) {
                hits.computeIfAbsent(program.text("10.", 13), key -> new LongAdder()).increment();
            } else {
                hits.computeIfAbsent("10.0.0." + program.random.nextInt(250), key -> new LongAdder()).increment();
            }
        });
        program.count("leaked", hits::size);
        program.run();
    }
}
