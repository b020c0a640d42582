package com.acme.warm;

import harness.Program;
import java.lang.reflect.Method;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A warm-up that loads classes for a while, and keeps what it learned of each of them. */
public final class WarmUp {
    static final class Descriptor {
        final String name;
        final Method[] methods;

        Descriptor(String name, Method[] methods) {
            this.name = name;
            this.methods = methods;
        }
    }

    private static final String[] PACKAGES = {
        "java.util.", "java.io.", "java.net.", "java.text.", "java.time.", "java.math.", "java.util.concurrent.", "java.nio.file.", "java.util.zip.", "java.time.chrono.",
    };
    private static final String[] NAMES = {
        "ArrayList", "TreeMap", "Locale", "Currency", "Scanner", "Formatter", "Timer", "BitSet", "Observable", "Optional", "StringJoiner", "Random", "Base64", "Calendar",
        "BufferedReader", "PushbackReader", "PipedReader", "LineNumberReader", "ObjectStreamClass", "RandomAccessFile", "SequenceInputStream", "PrintWriter",
        "URI", "URL", "InetAddress", "HttpCookie", "CookieManager", "ServerSocket", "Socket", "Proxy", "IDN", "NetworkInterface",
        "ChoiceFormat", "MessageFormat", "RuleBasedCollator", "BreakIterator", "Bidi", "Annotation", "FieldPosition",
        "LocalTime", "OffsetTime", "Period", "YearMonth", "MonthDay", "Year", "ZoneOffset", "Instant", "Clock",
        "MathContext", "RoundingMode", "Phaser", "Exchanger", "CyclicBarrier", "DelayQueue", "ForkJoinTask", "LinkedTransferQueue", "ConcurrentSkipListSet", "StampedLock",
        "Files", "Paths", "FileSystems", "LinkOption", "Deflater", "Inflater", "Adler32", "ZipFile", "GZIPOutputStream",
        "HijrahDate", "JapaneseDate", "MinguoDate", "ThaiBuddhistDate", "IsoChronology", "HijrahChronology", "JapaneseEra",
    };

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        Map<String, Descriptor> known = new ConcurrentHashMap<>();
        double rate = program.number("rate", 28);
        program.arrivals(() -> rate, () -> {
            String name = PACKAGES[program.random.nextInt(PACKAGES.length)] + NAMES[(int) (NAMES.length * Math.pow(program.random.nextDouble(), 1.5))];
            known.computeIfAbsent(name, each -> {
                try {
                    Class<?> type = Class.forName(each);
                    return new Descriptor(each, type.getDeclaredMethods());
                } catch (ClassNotFoundException absent) {
                    return new Descriptor(each, new Method[0]);
                }
            });
        });
        program.count("known", known::size);
        program.run();
    }
}
