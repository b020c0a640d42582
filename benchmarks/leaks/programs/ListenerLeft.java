package org.shopfront.ui;

import harness.Program;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** A listener that is never removed: views come and go, the bus keeps what they registered. */
public final class ListenerLeft {
    interface Listener {
        void changed(String topic);
    }

    static final class View {
        final Map<String, String> model = new HashMap<>();
        final ViewListener listener = new ViewListener(this);
    }

    static final class ViewListener implements Listener {
        final View view;

        ViewListener(View view) {
            this.view = view;
        }

        @Override
        public void changed(String topic) {
            view.model.put("topic", topic);
        }
    }

    static final class Bus {
        final List<Listener> listeners = new CopyOnWriteArrayList<>();
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        Bus bus = new Bus();
        program.arrivals(program.number("rate", 16), () -> {
            View view = new View();
            view.model.put("title", program.text("view ", 20));
            bus.listeners.add(view.listener);
            if (!program.leaks()) {
                bus.listeners.remove(view.listener);
                program.brief(view);
            }
        });
        program.every(2, () -> bus.listeners.forEach(each -> each.changed("prices")));
        program.count("leaked", bus.listeners::size);
        program.run();
    }
}
