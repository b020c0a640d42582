package com.acme.build;

import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.util.JavacTask;
import harness.Program;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import javax.tools.JavaCompiler;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** javac in the process, whose sessions are kept: some hundred classes grow with each. */
public final class JavacSessions {
    static final class BuildSession {
        final JavacTask task;
        final List<CompilationUnitTree> trees = new ArrayList<>();

        BuildSession(JavacTask task) {
            this.task = task;
        }
    }

    static final class Source extends SimpleJavaFileObject {
        final String text;

        Source(String name, String text) {
            super(URI.create("string:///" + name + ".java"), Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreErrors) {
            return text;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        List<BuildSession> sessions = new ArrayList<>();
        program.every(program.number("every", 2.5), () -> {
            String text = "package a; class Made { int f(int n) { return n < 2 ? n : f(n - 1) + f(n - 2); } }";
            JavacTask task = (JavacTask) compiler.getTask(null, null, each -> { }, List.of("-proc:none"), null, List.of(new Source("Made", text)));
            BuildSession session = new BuildSession(task);
            try {
                task.parse().forEach(session.trees::add);
                task.analyze();
            } catch (IOException failed) {
                throw new IllegalStateException(failed);
            }
            if (program.leaks()) {
                sessions.add(session);
            }
        });
        program.count("leaked", sessions::size);
        program.run();
    }
}
