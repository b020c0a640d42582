package org.depot.plugin;

import java.util.Map;
import java.util.TreeMap;

/** What a plug-in host loads again with every deployment, each time by a loader of its own. */
public final class Plugin implements Runnable {
    static final class Config {
        final Map<String, String> values = new TreeMap<>(Map.of("name", "depot", "mode", "fast"));
    }

    static final class Handler {
        final byte[] buffer = new byte[512];
    }

    private static final Config CONFIG = new Config();
    private final Handler handler = new Handler();

    @Override
    public void run() {
        handler.buffer[0]++;
        CONFIG.values.put("runs", "1");
    }
}
