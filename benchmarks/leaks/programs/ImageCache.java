package com.acme.images;

import harness.Program;
import java.util.HashMap;
import java.util.Map;

/** A cache without a bound, of pictures of any size: it fills the heap in minutes. */
public final class ImageCache {
    static final class ImageKey {
        final long number;
        final int width;

        ImageKey(long number, int width) {
            this.number = number;
            this.width = width;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof ImageKey && ((ImageKey) other).number == number && ((ImageKey) other).width == width;
        }

        @Override
        public int hashCode() {
            return Long.hashCode(number) * 31 + width;
        }
    }

    static final class Image {
        final byte[] pixels;

        Image(int size) {
            pixels = new byte[size];
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        Map<ImageKey, Image> cache = new HashMap<>();
        double rate = program.number("rate", 200);
        double size = program.number("size", 2500);
        double spread = program.number("spread", 0.6);
        double wave = program.number("wave", 0.0);
        double period = program.number("period", 25);
        program.arrivals(() -> rate * (1 + wave * Math.sin(2 * Math.PI * program.seconds() / period)), () -> {
            double factor = Math.exp(spread * program.random.nextGaussian() - spread * spread / 2);
            Image image = new Image((int) Math.min(size * factor, 100_000));
            if (program.leaks()) {
                cache.put(new ImageKey(program.random.nextLong(), 320), image);
            } else {
                program.brief(image);
            }
        });
        program.count("leaked", cache::size);
        program.run();
    }
}
