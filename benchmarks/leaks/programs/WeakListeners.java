package org.shopfront.weak;

import harness.Program;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Listeners that are held weakly; those that are gone are swept now and then. */
public final class WeakListeners {
    static final class Panel {
        final Listener listener = new Listener(this);
    }

    static final class Listener {
        final Panel panel;

        Listener(Panel panel) {
            this.panel = panel;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        List<WeakReference<Listener>> listeners = new CopyOnWriteArrayList<>();
        program.arrivals(program.number("rate", 110), () -> {
            Panel panel = new Panel();
            listeners.add(new WeakReference<>(panel.listener));
            program.brief(panel);
        });
        program.every(3, () -> listeners.removeIf(each -> each.get() == null));
        program.count("listeners", listeners::size);
        program.run();
    }
}
