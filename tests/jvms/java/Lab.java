import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.InputStreamReader;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Supplier;

/** A JVM to be observed. It obeys one command a line, answers each by one line, and ends with its input. */
public class Lab {
    static final List<Object> KEPT = new ArrayList<>();
    static volatile Object sink;
    static volatile int churnMegabytes;
    static volatile long longestGap;
    static volatile boolean meter;

    public static void main(String[] args) throws Exception {
        System.out.println("READY");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line; (line = in.readLine()) != null; ) {
            String[] words = line.trim().split(" ");
            int number = words.length > 1 ? Integer.parseInt(words[1]) : 0;
            String answer = "ok";
            switch (words[0]) {
                case "hold": hold(number); break;
                case "release": KEPT.clear(); break;
                case "odd": Odd.load(KEPT); break;
                case "generated": generated(number); break;
                case "many": Odd.many(KEPT, number); break;
                case "churn": churn(number); break;
                case "gc": System.gc(); break;
                case "meter": startMeter(); break;
                case "gap": answer = String.valueOf(longestGap / 1000); longestGap = 0; break;
                default: answer = "what is " + words[0];
            }
            System.out.println(answer);
        }
    }

    static class Node {
        final Node next;
        Node(Node next) { this.next = next; }
    }

    static void hold(int objects) {
        Node[] chunk = new Node[objects];
        for (int i = 0; i < objects; i++) chunk[i] = new Node(null);
        KEPT.add(chunk);
    }

    /** Garbage at this many megabytes a second, until it is set to 0. */
    static synchronized void churn(int megabytes) {
        boolean running = churnMegabytes > 0;
        churnMegabytes = megabytes;
        if (running || megabytes == 0) return;
        daemon("churn", () -> {
            long began = System.nanoTime(), made = 0;
            while (churnMegabytes > 0) {
                sink = new byte[1024];
                made += 1040;
                double ahead = made / (churnMegabytes * 1048576.0) - (System.nanoTime() - began) / 1e9;
                if (ahead > 0.005) Thread.sleep(5);
            }
            return null;
        });
    }

    /** Feels pauses as an application does: the longest time between two looks at the clock. */
    static synchronized void startMeter() {
        if (meter) return;
        meter = true;
        daemon("meter", () -> {
            long before = System.nanoTime();
            while (true) {
                Thread.sleep(1);
                long now = System.nanoTime();
                if (now - before > longestGap) longestGap = now - before;
                before = now;
            }
        });
    }

    static void daemon(String name, Callable<?> work) {
        Thread thread = new Thread(() -> {
            try { work.call(); } catch (Exception error) { error.printStackTrace(); }
        }, name);
        thread.setDaemon(true);
        thread.start();
    }

    /** Lambdas, proxies and reflection: classes whose names the VM makes up. */
    static void generated(int seed) throws Exception {
        int unlike = seed;
        Supplier<Integer> one = () -> unlike + 1, two = () -> unlike + 2, three = () -> unlike + 3;
        KEPT.add(one); KEPT.add(two); KEPT.add(three);
        InvocationHandler handler = (proxy, method, arguments) -> null;
        Class<?>[][] faces = { {Runnable.class}, {Callable.class}, {Comparable.class} };
        for (int i = 0; i < faces.length; i++) {
            Class<?>[] face = faces[(i + seed) % faces.length];
            KEPT.add(Proxy.newProxyInstance(Lab.class.getClassLoader(), face, handler));
        }
        String[] names = {"alpha", "beta", "gamma"};
        for (int i = 0; i < names.length; i++) {
            Method method = Lab.class.getDeclaredMethod(names[(i + seed) % names.length]);
            for (int call = 0; call < 40; call++) method.invoke(null);
            KEPT.add(method);
        }
    }

    static void alpha() { }
    static void beta() { }
    static void gamma() { }

    /** Classes that no compiler would make, from bytes written here. */
    static final class Odd extends ClassLoader {
        Odd() { super(Odd.class.getClassLoader()); }

        static void load(List<Object> kept) throws Exception {
            StringBuilder longName = new StringBuilder("odd/");
            while (longName.length() < 5000) longName.append("Long");
            String[] names = {
                "odd/Spaced name", "odd/ leading", "odd/Tab\there", "odd/Par (x)", "odd/Minus-Class",
                "odd/Line\nbreak", "odd/Fake\n   2:        999999       99999999  evil_Row",
                "odd/Fake2\nTotal             1              1", "odd/Umlaut\u00e4\u4f60\u597d",
                "odd/Emoji\ud83d\ude80", "odd/Escape\u001bc", "odd/NulHere\u0000", "odd/Right\u202eLeft",
                "odd/Carriage\rReturn", longName.toString(),
            };
            Odd one = new Odd();
            for (String name : names) kept.add(one.make(name));
            for (int i = 0; i < 3; i++) kept.add(new Odd().make("dup/Same"));
        }

        static void many(List<Object> kept, int count) throws Exception {
            Odd loader = new Odd();
            for (int i = 0; i < count; i++) kept.add(loader.make("com/example/many/Class" + i));
        }

        Object make(String name) throws Exception {
            byte[] bytes = classFile(name);
            return defineClass(null, bytes, 0, bytes.length).getDeclaredConstructor().newInstance();
        }

        static byte[] classFile(String name) throws Exception {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(bytes);
            out.writeInt(0xCAFEBABE);
            out.writeShort(0);
            out.writeShort(52);
            out.writeShort(10);                                   // constants 1 to 9
            out.writeByte(1); out.writeUTF(name);                 // 1
            out.writeByte(7); out.writeShort(1);                  // 2 this class
            out.writeByte(1); out.writeUTF("java/lang/Object");   // 3
            out.writeByte(7); out.writeShort(3);                  // 4 super class
            out.writeByte(1); out.writeUTF("<init>");             // 5
            out.writeByte(1); out.writeUTF("()V");                // 6
            out.writeByte(1); out.writeUTF("Code");               // 7
            out.writeByte(12); out.writeShort(5); out.writeShort(6);   // 8 <init>()V
            out.writeByte(10); out.writeShort(4); out.writeShort(8);   // 9 Object.<init>
            out.writeShort(0x21); out.writeShort(2); out.writeShort(4);
            out.writeShort(0); out.writeShort(0);                 // interfaces, fields
            out.writeShort(1);                                    // one method
            out.writeShort(1); out.writeShort(5); out.writeShort(6);
            out.writeShort(1); out.writeShort(7); out.writeInt(17);
            out.writeShort(1); out.writeShort(1); out.writeInt(5);
            out.write(new byte[] {0x2a, (byte) 0xb7, 0, 9, (byte) 0xb1});
            out.writeShort(0); out.writeShort(0);
            out.writeShort(0);
            return bytes.toByteArray();
        }
    }
}
