package org.depot.scripts;

import harness.Program;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;

/** Scripts, each in a class loader of its own, of which the last dozen are kept. */
public final class ScratchLoaders {
    static final class ScriptLoader extends ClassLoader {
        ScriptLoader(ClassLoader parent) {
            super(parent);
        }

        Class<?> define(String name, byte[] code) {
            return defineClass(name, code, 0, code.length);
        }
    }

    public static final class Script {
        final byte[] state = new byte[700];
    }

    public static void main(String[] arguments) throws IOException {
        Program program = new Program(arguments);
        String name = Script.class.getName();
        byte[] code;
        try (InputStream in = ScratchLoaders.class.getResourceAsStream("/" + name.replace('.', '/') + ".class")) {
            code = in.readAllBytes();
        }
        ArrayDeque<Object> recent = new ArrayDeque<>();
        program.every(program.number("every", 0.8), () -> {
            try {
                var made = new ScriptLoader(ScratchLoaders.class.getClassLoader()).define(name, code).getDeclaredConstructor();
                made.setAccessible(true);
                recent.add(made.newInstance());
            } catch (ReflectiveOperationException failed) {
                throw new IllegalStateException(failed);
            }
            while (recent.size() > 12) {
                recent.poll();
            }
        });
        program.count("scripts", recent::size);
        program.run();
    }
}
