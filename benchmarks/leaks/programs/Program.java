package harness;

import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * What every program of the benchmark needs: its arguments, arrivals by chance, noise, and its own counts once a second.
 *
 * <p>Arguments are key=value. `seed` scales every number that is not given (by 0.7 to 1.4), `leak` is the share of the
 * work that leaks (1 all, 0 none), `traffic` multiplies all arrivals, `noise` is the garbage of other work in MB/s.
 * The program ends with its standard input, so none outlives the recorder.
 */
public final class Program {
    public final Random random;

    private final Map<String, String> given = new LinkedHashMap<>();
    private final Map<String, Double> used = new LinkedHashMap<>();
    private final Map<String, LongSupplier> counts = new LinkedHashMap<>();
    private final ArrayDeque<Object[]> brief = new ArrayDeque<>();
    private final long began = System.nanoTime();
    private final long seed;
    private final double leak;
    private final double traffic;

    public Program(String[] arguments) {
        for (String argument : arguments) {
            int equals = argument.indexOf('=');
            given.put(argument.substring(0, equals), argument.substring(equals + 1));
        }
        seed = Long.parseLong(given.getOrDefault("seed", "1"));
        random = new Random(seed * 7919 + 17);
        leak = Double.parseDouble(given.getOrDefault("leak", "1"));
        traffic = Double.parseDouble(given.getOrDefault("traffic", "1"));
    }

    /** A parameter: as given, else the usual value scaled by the seed. */
    public double number(String name, double usual) {
        String text = given.get(name);
        double scale = 0.7 + 0.7 * new Random(seed * 1000003 + name.hashCode()).nextDouble();
        double value = text == null ? usual * scale : Double.parseDouble(text);
        used.put(name, value);
        return value;
    }

    /** Whether this piece of work takes the leaking path. */
    public boolean leaks() {
        return random.nextDouble() < leak;
    }

    public double seconds() {
        return (System.nanoTime() - began) / 1e9;
    }

    /** Names what the program counts of itself. */
    public void count(String name, LongSupplier counter) {
        counts.put(name, counter);
    }

    /** Independent arrivals at a mean rate. */
    public void arrivals(double perSecond, Runnable event) {
        arrivals(() -> perSecond, event);
    }

    /** Independent arrivals at a rate that changes. */
    public void arrivals(DoubleSupplier perSecond, Runnable event) {
        thread("arrivals", () -> {
            long last = System.nanoTime();
            while (true) {
                pause(20);
                long now = System.nanoTime();
                int events = poisson(perSecond.getAsDouble() * traffic * (now - last) / 1e9);
                last = now;
                for (int i = 0; i < events; i++) {
                    event.run();
                }
            }
        });
    }

    /** Something that happens again and again, by and large every so many seconds. */
    public void every(double seconds, Runnable event) {
        thread("every", () -> {
            while (true) {
                pause((long) (seconds / Math.max(traffic, 1e-6) * 1000 * (0.8 + 0.4 * random.nextDouble())));
                event.run();
            }
        });
    }

    /** Work that ends: holds the object for two seconds on average. */
    public void brief(Object object) {
        long now = System.nanoTime();
        synchronized (brief) {
            brief.add(new Object[] {object, now + (long) (4e9 * random.nextDouble())});
            while (!brief.isEmpty() && (long) brief.peek()[1] < now) {
                brief.poll();
            }
        }
    }

    public int poisson(double mean) {
        if (mean > 60) {
            return (int) Math.max(0, Math.round(mean + Math.sqrt(mean) * random.nextGaussian()));
        }
        double limit = Math.exp(-mean);
        double product = random.nextDouble();
        int events = 0;
        while (product > limit) {
            events++;
            product *= random.nextDouble();
        }
        return events;
    }

    public static Thread thread(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    public static void pause(long milliseconds) {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Starts the noise and tells the counts once a second, until the standard input ends. */
    public void run() {
        new Noise(number("noise", 14), number("keep", 40), seed).start();
        thread("end", () -> {
            try {
                while (System.in.read() >= 0) {
                    continue;
                }
            } catch (java.io.IOException closed) {
                // the same as its end
            }
            Runtime.getRuntime().halt(0);
        });
        StringBuilder line = new StringBuilder("{\"params\": {");
        used.forEach((name, value) -> line.append(line.length() > 12 ? ", \"" : "\"").append(name).append("\": ").append(value));
        System.out.println(line.append("}}"));
        while (true) {
            line.setLength(0);
            line.append("{\"t\": ").append((System.nanoTime() - began) / 1_000_000);
            counts.forEach((name, count) -> line.append(", \"").append(name).append("\": ").append(count.getAsLong()));
            System.out.println(line.append('}'));
            pause(1000);
        }
    }

    public String text(String start, int length) {
        StringBuilder text = new StringBuilder(start);
        while (text.length() < length) {
            text.append(Integer.toString(random.nextInt(1 << 20), 36));
        }
        return text.substring(0, Math.max(length, start.length())).toLowerCase(Locale.ROOT);
    }
}
