package org.monitor.jmx;

import harness.Program;
import java.lang.management.ManagementFactory;
import java.util.concurrent.atomic.AtomicLong;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/** A management bean for each client that is never unregistered. */
public final class BeanPerClient {
    public interface ClientStatsMBean {
        long getCalls();
    }

    public static final class ClientStats implements ClientStatsMBean {
        private final long calls = System.nanoTime() % 100;

        @Override
        public long getCalls() {
            return calls;
        }
    }

    public static void main(String[] arguments) {
        Program program = new Program(arguments);
        MBeanServer server = ManagementFactory.getPlatformMBeanServer();
        AtomicLong leaked = new AtomicLong();
        program.arrivals(program.number("rate", 14), () -> {
            try {
                ObjectName name = new ObjectName("org.monitor:type=Client,name=" + program.text("c", 12));
                ClientStats stats = new ClientStats();
                server.registerMBean(stats, name);
                if (program.leaks()) {
                    leaked.incrementAndGet();
                } else {
                    server.unregisterMBean(name);
                    program.brief(stats);
                }
            } catch (JMException failed) {
                throw new IllegalStateException(failed);
            }
        });
        program.count("leaked", leaked::get);
        program.run();
    }
}
