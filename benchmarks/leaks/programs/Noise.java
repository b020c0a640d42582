package harness;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.StringReader;
import java.lang.reflect.Proxy;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.text.DecimalFormat;
import java.text.NumberFormat;
import java.text.SimpleDateFormat;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.BitSet;
import java.util.Calendar;
import java.util.Collections;
import java.util.Date;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Properties;
import java.util.Random;
import java.util.Scanner;
import java.util.StringTokenizer;
import java.util.Timer;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.SAXParserFactory;
import org.xml.sax.InputSource;
import org.xml.sax.helpers.DefaultHandler;

/**
 * The other work of a server: requests that are read, parsed, answered and forgotten, and parts of the library that are
 * used for the first time now and then, so that classes load for a while as they do in any server. None of it leaks.
 */
final class Noise {
    static final class Request {
        final long number;
        final Map<String, String> headers = new LinkedHashMap<>();
        final List<Token> tokens = new ArrayList<>();
        byte[] body;

        Request(long number) {
            this.number = number;
        }
    }

    static final class Token {
        final String text;
        final int start;

        Token(String text, int start) {
            this.text = text;
            this.start = start;
        }
    }

    static final class Answer {
        final Request request;
        final StringBuilder text = new StringBuilder();

        Answer(Request request) {
            this.request = request;
        }
    }

    private static final int REQUEST_BYTES = 24_000;
    private static final Pattern COMMA = Pattern.compile("\\s*,\\s*");

    private final double megabytes;
    private final double kept;
    private final Random random;
    private final ArrayDeque<Answer> inFlight = new ArrayDeque<>();
    private long sink;

    Noise(double megabytes, double kept, long seed) {
        this.megabytes = megabytes;
        this.kept = kept;
        this.random = new Random(seed * 31 + 5);
    }

    void start() {
        Program.thread("http-1", this::requests);
        Program.thread("background", this::library);
    }

    private void requests() {
        long number = 0;
        double owed = 0;
        long last = System.nanoTime();
        while (true) {
            Program.pause(15);
            long now = System.nanoTime();
            double wave = 1 + 0.3 * Math.sin(now / 7e9);
            owed = Math.min(owed + megabytes * 1e6 * wave / REQUEST_BYTES * (now - last) / 1e9, 200);
            last = now;
            for (; owed >= 1; owed--) {
                Answer answer = answer(number++);
                if (random.nextDouble() < 0.05) {
                    inFlight.add(answer);
                }
                while (inFlight.size() > kept) {
                    sink += inFlight.poll().text.length();
                }
            }
        }
    }

    private Answer answer(long number) {
        Request request = new Request(number);
        for (int i = 0; i < 12; i++) {
            request.headers.put("x-header-" + i, Long.toHexString(number * 31 + i));
        }
        request.body = new byte[2000 + random.nextInt(8000)];
        for (int i = 0; i < 60; i++) {
            request.tokens.add(new Token(Integer.toString(i), i));
        }
        Answer answer = new Answer(request);
        for (Token token : request.tokens) {
            answer.text.append(token.text).append(',').append(token.start);
        }
        if (number % 16 == 0) {
            Map<String, List<BigDecimal>> sums = new TreeMap<>();
            for (String part : COMMA.split("11, 7.5, 13.25, 4")) {
                sums.computeIfAbsent(part, key -> new ArrayList<>()).add(new BigDecimal(part).add(BigDecimal.ONE));
            }
            answer.text.append(sums).append(UUID.nameUUIDFromBytes(request.body));
        }
        byte[] wire = new byte[6000 + random.nextInt(6000)];
        sink += wire.length + answer.text.length();
        return answer;
    }

    enum Feature { ONE, TWO, THREE }

    private void library() {
        List<Callable<Object>> all = features();
        int known = 3;
        while (true) {
            Program.pause(500 + random.nextInt(700));
            known = Math.min(known + (random.nextInt(3) == 0 ? 1 : 0) + (known < 12 ? 1 : 0), all.size());
            try {
                sink += String.valueOf(all.get(random.nextInt(known)).call()).length();
            } catch (Exception failed) {
                sink++;
            }
        }
    }

    private List<Callable<Object>> features() {
        List<Callable<Object>> all = new ArrayList<>();
        all.add(() -> IntStream.range(0, 300).boxed().collect(Collectors.groupingBy(n -> n % 7)));
        all.add(() -> ZonedDateTime.now(ZoneId.of("Europe/Berlin")).format(DateTimeFormatter.ISO_OFFSET_DATE_TIME));
        all.add(() -> new DecimalFormat("#,##0.00", java.text.DecimalFormatSymbols.getInstance(Locale.US)).format(1234.5));
        all.add(() -> String.format(Locale.ROOT, "%08d %-10s %5.2f %tF", 42, "text", 3.14, new Date(0)));
        all.add(() -> MessageDigest.getInstance("SHA-256").digest(new byte[4000]));
        all.add(() -> Base64.getEncoder().encodeToString(new byte[900]));
        all.add(this::document);
        all.add(this::gzip);
        all.add(() -> CompletableFuture.supplyAsync(() -> 1).thenApply(n -> n + 1).get(1, TimeUnit.SECONDS));
        all.add(() -> new Scanner("1 2 3 4 five").useDelimiter(" ").nextInt());
        all.add(this::sax);
        all.add(() -> Proxy.newProxyInstance(Noise.class.getClassLoader(), new Class<?>[] {Comparable.class}, (a, b, c) -> 0).getClass());
        all.add(() -> new BigInteger(256, random).modPow(BigInteger.TEN, BigInteger.valueOf(1_000_003)));
        all.add(() -> new SimpleDateFormat("yyyy-MM-dd", Locale.US).parse("2024-02-29"));
        all.add(() -> Calendar.getInstance(Locale.GERMANY).getTimeInMillis());
        all.add(() -> NumberFormat.getCurrencyInstance(Locale.FRANCE).format(12.5));
        all.add(() -> Duration.between(LocalDate.of(2020, 1, 1).atStartOfDay(), LocalDate.of(2024, 5, 6).atStartOfDay()));
        all.add(() -> new ConcurrentSkipListMap<>(Map.of("a", 1, "b", 2)).descendingMap());
        all.add(() -> new PriorityQueue<>(List.of(5, 3, 9)).poll());
        all.add(() -> {
            Properties properties = new Properties();
            properties.load(new StringReader("a=1\nb=2\n"));
            return properties;
        });
        all.add(() -> {
            Logger.getLogger("noise").log(Level.FINE, "nothing {0}", 1);
            return 1;
        });
        all.add(() -> {
            Timer timer = new Timer(true);
            timer.cancel();
            return 1;
        });
        all.add(() -> {
            CRC32 sum = new CRC32();
            sum.update(new byte[2000]);
            return sum.getValue();
        });
        all.add(() -> java.net.URI.create("https://example.org/a/b?c=d#e").normalize());
        all.add(() -> new StringTokenizer("a b c").countTokens());
        all.add(() -> Noise.class.getDeclaredMethods().length);
        all.add(() -> new EnumMap<>(Map.of(Feature.ONE, 1, Feature.TWO, 2)));
        all.add(() -> Optional.of(BitSet.valueOf(new long[] {5, 9})).map(BitSet::cardinality));
        all.add(() -> java.text.Normalizer.normalize("Ärger", java.text.Normalizer.Form.NFD));
        all.add(() -> java.text.Collator.getInstance(Locale.US).compare("a", "b"));
        all.add(() -> java.nio.file.Files.list(java.nio.file.Path.of(System.getProperty("java.home"))).count());
        all.add(() -> javax.crypto.Mac.getInstance("HmacSHA256").getAlgorithm());
        all.add(() -> java.util.concurrent.ForkJoinPool.commonPool().submit(() -> 3).get(1, TimeUnit.SECONDS));
        all.add(() -> Collections.nCopies(50, new HashMap<>(Map.of("k", "v"))));
        return all;
    }

    private Object document() throws Exception {
        StringBuilder text = new StringBuilder("<orders>");
        for (int i = 0; i < 20; i++) {
            text.append("<order id='").append(i).append("'><item>x</item></order>");
        }
        byte[] bytes = text.append("</orders>").toString().getBytes(StandardCharsets.UTF_8);
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new ByteArrayInputStream(bytes)).getDocumentElement().getTagName();
    }

    private Object sax() throws Exception {
        SAXParserFactory.newInstance().newSAXParser().parse(new InputSource(new StringReader("<a><b c='d'/></a>")), new DefaultHandler());
        return "sax";
    }

    private Object gzip() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream zip = new GZIPOutputStream(out)) {
            zip.write(new byte[5000]);
        }
        try (GZIPInputStream zip = new GZIPInputStream(new ByteArrayInputStream(out.toByteArray()))) {
            return zip.readAllBytes().length;
        }
    }
}
