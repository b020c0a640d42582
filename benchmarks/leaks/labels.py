"""The programs, and what may be said of them.

`leak`, `none`, or `either`: both answers are right. (One growing array has no growing number of objects; an
ever slower cache may be meant so.) `roots` are the classes that may be named first, by normalised names:
what comes one to one with the leak.
"""

from __future__ import annotations

from dataclasses import dataclass

LEAK, NONE, EITHER = "leak", "none", "either"


@dataclass(frozen=True)
class Program:
    main: str
    label: str
    roots: tuple[str, ...] = ()
    kind: str = ""


def _program(main: str, label: str, kind: str, *roots: str) -> Program:
    """Roots that begin with $ are nested in the program's own class."""
    return Program(main, label, tuple(main + root if root.startswith("$") else root for root in roots), kind)


PROGRAMS = {
    program.main.rpartition(".")[2]: program
    for program in [
        _program("com.acme.shop.StaticRegistry", LEAK, "static collection", "$Order", "$LineItem[]"),
        _program("org.shopfront.ui.ListenerLeft", LEAK, "listener", "$View", "$ViewListener"),
        _program("io.ledger.audit.PooledThreadLocal", LEAK, "ThreadLocal in a pool", "$AuditEntry"),
        _program(
            "org.depot.host.PluginReload", LEAK, "class loader", "$PluginLoader", "org.depot.plugin.Plugin",
            "org.depot.plugin.Plugin$Config", "org.depot.plugin.Plugin$Handler",
        ),
        _program("com.acme.jobs.ThreadPerJob", LEAK, "threads", "$Job", "java.lang.Thread"),
        _program(
            "org.tasks.web.ExecutorPerRequest", LEAK, "threads", "java.lang.Thread",
            "java.util.concurrent.ThreadPoolExecutor", "java.util.concurrent.ThreadPoolExecutor$Worker",
            "java.util.concurrent.Executors$DefaultThreadFactory",
        ),
        _program("io.stage.actors.ActorTree", LEAK, "children of an actor", "$Cell", "$Upload", "$Mailbox"),
        _program(
            "net.gauge.metrics.SlowChurn", LEAK, "slow, under churn of its class", "$Gauge", "java.lang.Long",
            "java.util.concurrent.ConcurrentHashMap$Node",
        ),
        _program("com.acme.imports.BurstImport", LEAK, "bursts", "$ImportRecord"),
        _program("org.session.web.CyclicShare", LEAK, "share of a cyclic population", "$Session"),
        _program("com.acme.coupons.LateOnset", LEAK, "late onset", "$Coupon"),
        _program(
            "com.acme.counters.JdkCounters", LEAK, "no class of the application",
            "java.util.concurrent.atomic.LongAdder", "java.util.concurrent.ConcurrentHashMap$Node",
        ),
        _program(
            "org.text.index.InternTable", LEAK, "no class of the application", "java.lang.String", "byte[]",
            "java.util.concurrent.ConcurrentHashMap$Node",
        ),
        _program(
            "net.gate.api.FutureChain", LEAK, "callbacks of a future", "$Call",
            "net.gate.api.FutureChain$$Lambda", "java.util.concurrent.CompletableFuture$UniRun",
            "java.util.concurrent.CompletableFuture",
        ),
        _program("com.acme.images.ImageCache", LEAK, "cache without a bound", "$Image", "$ImageKey"),
        _program("org.quotes.market.BadKey", LEAK, "key without equals", "$PriceKey", "$Price"),
        _program(
            "net.wire.io.DirectBuffers", LEAK, "direct buffers", "java.nio.DirectByteBuffer",
            "java.nio.DirectByteBuffer$Deallocator", "jdk.internal.ref.Cleaner",
        ),
        _program("com.parcel.desk.TwoLeaks", LEAK, "two leaks", "$Ticket", "$Shipment"),
        _program("com.acme.report.GrowingBuffer", EITHER, "one growing array", "byte[]"),
        _program("com.acme.build.JavacSessions", LEAK, "javac in the process", "$BuildSession"),
        _program("org.graphics.model.WeakButStrong", LEAK, "weak map, strong values", "$Shape", "$Bounds"),
        _program("net.mailer.queue.SlowConsumer", LEAK, "queue without a bound", "$Mail"),
        _program(
            "io.scheduler.app.UncancelledTimers", LEAK, "timers never cancelled", "$Timeout",
            "java.util.concurrent.ScheduledThreadPoolExecutor$ScheduledFutureTask",
        ),
        _program("org.portal.web.EndlessSessions", LEAK, "sessions without an end", "$Session", "$Cart"),
        _program(
            "com.acme.thumbs.SoftShells", LEAK, "shells of a soft cache", "$ThumbKey",
            "java.lang.ref.SoftReference",
        ),
        _program(
            "net.rpc.client.PendingReplies", LEAK, "pending requests", "$Call",
            "java.util.concurrent.CompletableFuture",
        ),
        _program("com.acme.connections.ShutdownHooks", LEAK, "shutdown hooks", "$Closer", "$Connection"),
        _program(
            "org.monitor.jmx.BeanPerClient", LEAK, "management beans", "$ClientStats",
            "javax.management.ObjectName", "com.sun.jmx.mbeanserver.NamedObject",
        ),
        _program("org.db.pool.OpenStatements", LEAK, "statements left open", "$Statement", "$Column[]"),
        _program("org.search.cache.ZipfCache", EITHER, "ever slower cache", "$Hit"),
        _program("com.acme.catalog.Lru", NONE, "LRU cache"),
        _program("net.mailer.batch.QueueSaw", NONE, "bounded queue"),
        _program("org.shopfront.day.Diurnal", NONE, "day and night"),
        _program("com.acme.nightly.Batch", NONE, "batch"),
        _program("org.text.lexer.SymbolTable", NONE, "saturating table"),
        _program("com.acme.quotes.Churn", NONE, "churn"),
        _program("org.portal.login.TtlSessions", NONE, "sessions with an end"),
        _program("com.acme.boot.LazyInit", NONE, "staged start"),
        _program("com.acme.preview.SoftCache", NONE, "soft cache"),
        _program("org.db.connections.PoolClimb", NONE, "pool"),
        _program("com.acme.jobs.queue.PromotedGarbage", NONE, "promoted garbage"),
        _program("org.shopfront.weak.WeakListeners", NONE, "weak listeners"),
        _program("net.game.lobby.RandomWalk", NONE, "random walk"),
        _program("com.acme.campaign.Triangle", NONE, "up and down"),
        _program("org.shopfront.ramp.RampLoad", NONE, "rising load"),
        _program("com.acme.warm.WarmUp", NONE, "warm-up"),
        _program("net.game.scores.TopList", NONE, "best so many"),
        _program("net.gauge.window.SlidingWindow", NONE, "sliding window"),
        _program("net.rpc.retry.Outage", NONE, "outage"),
        _program("com.acme.config.ConfigReload", NONE, "reload"),
        _program("org.tasks.elastic.ElasticPool", NONE, "threads by load"),
        _program("org.depot.scripts.ScratchLoaders", NONE, "loaders that go"),
        _program("com.acme.portal.Portal", NONE, "a portal, for long"),
        _program("io.ledger.office.BackOffice", NONE, "an office, for long"),
    ]
}  # fmt: skip
