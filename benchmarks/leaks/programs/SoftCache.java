package com.acme.preview;

import harness.Program;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.SoftReference;
import java.util.HashMap;
import java.util.Map;

/** A soft cache done well: whatever is cleared also leaves the map. */
public final class SoftCache {
    static final class Preview {
        final byte[] pixels = new byte[1200];
    }

    static final class Entry extends SoftReference<Preview> {
        final long key;

        Entry(long key, Preview preview, ReferenceQueue<Preview> cleared) {
            super(preview, cleared);
            this.key = key;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        ReferenceQueue<Preview> cleared = new ReferenceQueue<>();
        Map<Long, Entry> cache = new HashMap<>();
        program.arrivals(program.number("rate", 900), () -> {
            long key = program.random.nextLong();
            cache.put(key, new Entry(key, new Preview(), cleared));
            for (Entry gone = (Entry) cleared.poll(); gone != null; gone = (Entry) cleared.poll()) {
                cache.remove(gone.key, gone);
            }
        });
        program.count("entries", cache::size);
        program.run();
    }
}
