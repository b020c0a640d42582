package com.acme.thumbs;

import harness.Program;
import java.lang.ref.SoftReference;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A soft cache done by halves: pictures go when memory is short, their keys and references stay. */
public final class SoftShells {
    static final class ThumbKey {
        final long picture;

        ThumbKey(long picture) {
            this.picture = picture;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof ThumbKey && ((ThumbKey) other).picture == picture;
        }

        @Override
        public int hashCode() {
            return Long.hashCode(picture);
        }
    }

    static final class Thumb {
        final byte[] pixels = new byte[2000];
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        Map<ThumbKey, SoftReference<Thumb>> cache = new ConcurrentHashMap<>();
        program.arrivals(program.number("rate", 300), () -> {
            long picture = program.leaks() ? program.random.nextLong() : program.random.nextInt(400);
            cache.put(new ThumbKey(picture), new SoftReference<>(new Thumb()));
        });
        program.count("leaked", cache::size);
        program.run();
    }
}
