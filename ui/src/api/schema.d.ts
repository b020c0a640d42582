/** Made by `npm run types` from the server's /openapi.json; not to be edited. */

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** Acknowledged */
        Acknowledged: {
            /** By */
            by: string;
            /** At */
            at: number;
            /** Note */
            note: string;
        };
        /** Acknowledgement */
        Acknowledgement: {
            /**
             * Note
             * @description why, or by whom it is looked after
             * @default
             */
            note: string;
            /**
             * Undo
             * @description take it back
             * @default false
             */
            undo: boolean;
        };
        /**
         * AgentStatus
         * @description `lag` is how old the newest data was when it came, in seconds; null if nothing came since the start.
         */
        AgentStatus: {
            /** Id */
            id: string;
            /** Host */
            host: string;
            /** Version */
            version: string;
            /** Last Seen */
            last_seen: number;
            /** Sequence */
            sequence: number;
            /** Lag */
            lag: number | null;
            /** Lag Ms */
            lag_ms: number | null;
            /**
             * Spool Bytes
             * @description what waited in its spool when the newest batch was made; null if unknown
             */
            spool_bytes: number | null;
            /** Spool Batches */
            spool_batches: number | null;
        };
        /**
         * AlertRow
         * @description As `POST /api/v2/alerts` of Alertmanager takes it.
         */
        AlertRow: {
            /** Labels */
            labels: {
                [key: string]: string;
            };
            /** Annotations */
            annotations: {
                [key: string]: string;
            };
            /** Startsat */
            startsAt: string;
            /** Endsat */
            endsAt: string;
            /** Generatorurl */
            generatorURL: string;
        };
        /** Alerts */
        Alerts: {
            /** Alerts */
            alerts: components["schemas"]["AlertRow"][];
            /** Deliveries */
            deliveries: components["schemas"]["DeliveryRow"][];
        };
        /** AlertsStored */
        AlertsStored: {
            /** Stored */
            stored: boolean;
            /** Alerts */
            alerts: number;
        };
        /** Approval */
        Approval: {
            /** Run */
            run: string;
            /** Step */
            step: string;
            /** Workflow */
            workflow: string;
            /** Labels */
            labels: {
                [key: string]: string;
            };
            /** Asked */
            asked: number;
            /**
             * Expires
             * @description no answer by then is a no
             */
            expires: number;
            /**
             * Shows
             * @description what is done after a yes
             */
            shows: string[];
            /**
             * Users
             * @description who may answer; empty: whoever has the scope act
             */
            users: string[];
            /**
             * State
             * @description waiting, approved, denied or expired
             */
            state: string;
            /** By */
            by: string;
        };
        /** Approvals */
        Approvals: {
            /** Approvals */
            approvals: components["schemas"]["Approval"][];
        };
        /** AuditEntries */
        AuditEntries: {
            /**
             * Entries
             * @description newest first
             */
            entries: components["schemas"]["AuditEntry"][];
            /**
             * More
             * @description give it as `before` for the next ones; null = there are no more
             */
            more: number | null;
        };
        /** AuditEntry */
        AuditEntry: {
            /** N */
            n: number;
            /** Time */
            time: number;
            /**
             * Who
             * @description user:ann, oidc:ann, token:web1, anybody, cli:root for the command line, or signal
             */
            who: string;
            /**
             * From
             * @description address, `command line` or SIGHUP
             */
            from: string;
            /** What */
            what: string;
            /** Target */
            target: string;
            /**
             * Outcome
             * @description done, refused or failed
             */
            outcome: string;
            /** Detail */
            detail: string;
            /**
             * Before
             * @description SHA-256 of the line before
             */
            before: string;
        };
        /** Backtest */
        Backtest: {
            /** Monitor */
            monitor: string;
            /** Kind */
            kind: string;
            /** Query */
            query: string;
            /** From */
            from: number;
            /** To */
            to: number;
            /** Looks */
            looks: number;
            /** Errors */
            errors: number;
            /** Fired */
            fired: number;
            /** First */
            first: number | null;
            /** Transitions */
            transitions: components["schemas"]["Transition"][];
        };
        /** BatchAnswer */
        BatchAnswer: {
            /** Stored */
            stored: boolean;
            /** Duplicate */
            duplicate: boolean;
        };
        /** Cardinality */
        Cardinality: {
            /**
             * Series
             * @description known in all
             */
            series: number;
            /**
             * Jvms
             * @description lives of JVMs that are known in all
             */
            jvms: number;
            /**
             * Classes
             * @description known in all
             */
            classes: number;
            /**
             * Used
             * @description of max_series: series, JVMs and classes
             */
            used: number;
            /** Max Series */
            max_series: number;
            /**
             * Sender Series
             * @description what one sender may have within a day
             */
            sender_series: number;
            /** Makers */
            makers: components["schemas"]["MakerRow"][];
        };
        /** Checked */
        Checked: {
            /** Ok */
            ok: boolean;
        };
        /** ClassColumns */
        ClassColumns: {
            /** Class */
            class: string[];
            /** Package */
            package: string[];
            /** Kind */
            kind: string[];
            /** Rows */
            rows: number[];
            /** Instances */
            instances: number[];
            /** Bytes */
            bytes: number[];
            /** Delta Instances */
            delta_instances: number[];
            /** Delta Bytes */
            delta_bytes: number[];
            /** Bytes Per Min */
            bytes_per_min: (number | null)[];
        };
        /** ClassHistory */
        ClassHistory: {
            /** From */
            from: number;
            /** To */
            to: number;
            /** Interval S */
            interval_s: number;
            /** Rollup */
            rollup: string;
            /** Times */
            times: number[];
            /** Series */
            series: components["schemas"]["ClassSeries"][];
            /** Warnings */
            warnings: string[];
        };
        /** ClassNames */
        ClassNames: {
            /** Classes */
            classes: string[];
            /** Total */
            total: number;
        };
        /** ClassSeries */
        ClassSeries: {
            /** Labels */
            labels: {
                [key: string]: string | number;
            };
            /** Bytes */
            bytes: (number | null)[];
            /** Instances */
            instances: (number | null)[];
        };
        /**
         * Classes
         * @description The classes of one life, and what changed since `before`; a class that is gone has zeros.
         */
        Classes: {
            before: components["schemas"]["SnapshotHead"] | null;
            after: components["schemas"]["SnapshotHead"] | null;
            /** Total */
            total: number;
            columns: components["schemas"]["ClassColumns"];
        };
        /** Compared */
        Compared: {
            /** From */
            from: number | null;
            /** To */
            to: number | null;
            /** Versions */
            versions: string[];
            /** Jvms */
            jvms: number;
        };
        /**
         * Completion
         * @description Any of the items may replace the characters `from` to `to`.
         */
        Completion: {
            /** From */
            from: number;
            /** To */
            to: number;
            /** Items */
            items: components["schemas"]["Offer"][];
        };
        /** CompletionAsked */
        CompletionAsked: {
            /**
             * Query
             * @description as far as it is written
             */
            query: string;
            /**
             * Language
             * @description metrics or logs
             * @default metrics
             * @enum {string}
             */
            language: "metrics" | "logs";
            /**
             * Position
             * @description of the cursor, in characters
             */
            position: number;
        };
        /** CorrelateWarning */
        CorrelateWarning: {
            /** Message */
            message: string;
            /** Count */
            count: number | null;
            /** Row */
            row: string | null;
        };
        /** Correlation */
        Correlation: {
            window: components["schemas"]["Stretch"];
            before: components["schemas"]["Stretch"];
            /** Appeared */
            appeared: components["schemas"]["SignatureRow"][];
            /** Vanished */
            vanished: components["schemas"]["SignatureRow"][];
            /** Changed */
            changed: components["schemas"]["SignatureRow"][];
            /** Events */
            events: components["schemas"]["EventRow"][];
            /** Warnings */
            warnings: components["schemas"]["CorrelateWarning"][];
        };
        /**
         * Counts
         * @description Messages by time.
         */
        Counts: {
            /** Times */
            times: number[];
            /** Values */
            values: number[];
            /** Interval S */
            interval_s: number;
        };
        /**
         * Dashboard
         * @description One screen of panels.
         */
        Dashboard: {
            /** Title */
            title: string;
            /**
             * About
             * @default
             */
            about: string;
            /**
             * Range
             * @description what is shown at first: -15m, -1h, -7d
             * @default -1h
             */
            range: string;
            /** @description mark what happened; none if absent */
            events?: components["schemas"]["Marked"] | null;
            /**
             * Variables
             * @default []
             */
            variables: components["schemas"]["Variable"][];
            /**
             * Panels
             * @default []
             */
            panels: components["schemas"]["Panel"][];
        };
        /**
         * DashboardAnswer
         * @description `definition` is null when the text cannot be understood; then `faults` says why.
         */
        DashboardAnswer: {
            /** Name */
            name: string;
            /** Builtin */
            builtin: boolean;
            /** Changed */
            changed: number;
            /** Version */
            version: string;
            /** Text */
            text: string;
            definition: components["schemas"]["Dashboard"] | null;
            /** Faults */
            faults: components["schemas"]["DashboardFault"][];
        };
        /** DashboardCheck */
        DashboardCheck: {
            /** Ok */
            ok: boolean;
            definition: components["schemas"]["Dashboard"] | null;
            /** Faults */
            faults: components["schemas"]["DashboardFault"][];
        };
        /** DashboardDeleted */
        DashboardDeleted: {
            /** Deleted */
            deleted: string;
        };
        /**
         * DashboardFault
         * @description What is wrong with a text, and where; lines and columns count from 1.
         */
        DashboardFault: {
            /** Line */
            line: number;
            /** Column */
            column: number;
            /** Message */
            message: string;
        };
        /** DashboardList */
        DashboardList: {
            /** Dashboards */
            dashboards: components["schemas"]["DashboardRow"][];
        };
        /** DashboardRow */
        DashboardRow: {
            /** Name */
            name: string;
            /** Title */
            title: string;
            /** About */
            about: string;
            /** Builtin */
            builtin: boolean;
            /** Panels */
            panels: number;
            /**
             * Changed
             * @description 0 for built-in ones
             */
            changed: number;
            /** Faults */
            faults: number;
        };
        /** DashboardText */
        DashboardText: {
            /**
             * Text
             * @description YAML
             */
            text: string;
        };
        /** DeliveryRow */
        DeliveryRow: {
            /**
             * Url
             * @description without the secret in it
             */
            url: string;
            /**
             * Kind
             * @enum {string}
             */
            kind: "alertmanager" | "webhook";
            /**
             * Last
             * @description when it was told something
             */
            last: number | null;
            /**
             * Told
             * @description alerts, since the start
             */
            told: number;
            /** Failures */
            failures: number;
            /**
             * Error
             * @description why it could not be told last; empty when it could
             */
            error: string;
        };
        /** Diagnoses */
        Diagnoses: {
            /** Diagnoses */
            diagnoses: components["schemas"]["DiagnosisRow"][];
        };
        /** Diagnosis */
        Diagnosis: {
            /** Host */
            host: string;
            /** Jvm */
            jvm: string;
            /** Pid */
            pid: number;
            /** Started */
            started: number;
            /** Time */
            time: number;
            /**
             * Java Version
             * @default
             */
            java_version: string;
            /**
             * Collector
             * @default
             */
            collector: string;
            /** Suspect */
            suspect?: string | null;
            /**
             * Confirmed By
             * @description the steps that found it alive; none: it may be garbage
             */
            confirmed_by?: string[];
            /** Growth */
            growth?: components["schemas"]["Grown"][];
            /** Steps */
            steps: components["schemas"]["DiagnosisStep"][];
            holders?: components["schemas"]["Holders"];
            /** Id */
            id: string;
            /**
             * By
             * @description whose token stored it
             */
            by: string;
        };
        /**
         * DiagnosisRow
         * @description What a list says of one.
         */
        DiagnosisRow: {
            /** Id */
            id: string;
            /** By */
            by: string;
            /** Time */
            time: number;
            /** Host */
            host: string;
            /** Jvm */
            jvm: string;
            /** Pid */
            pid: number;
            /** Started */
            started: number;
            /** Suspect */
            suspect: string | null;
            /** Confirmed By */
            confirmed_by: string[];
            /**
             * Ways
             * @description how many ways from a root it knows
             */
            ways: number;
            /** Longest Pause Ms */
            longest_pause_ms: number | null;
            /**
             * Pause Ms
             * @description of all steps together
             */
            pause_ms: number | null;
        };
        /** DiagnosisStep */
        DiagnosisStep: {
            /** Step */
            step: number;
            /** Operation */
            operation: string;
            /** Predicted Pause Ms */
            predicted_pause_ms?: number | null;
            /** Pause Ms */
            pause_ms?: number | null;
            /** Duration Ms */
            duration_ms?: number | null;
            /**
             * Found
             * @default
             */
            found: string;
            /** Error */
            error?: string | null;
            /** Answer */
            answer?: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * DoorStatus
         * @description One way in, and what came through it since the start.
         */
        DoorStatus: {
            /** Name */
            name: string;
            /** Address */
            address: string;
            /** Requests */
            requests: number;
            /** Bytes */
            bytes: number;
            /** Samples */
            samples: number;
            /** Open */
            open: number;
            /** Rejects */
            rejects: number;
            /** Last */
            last: number | null;
            /** Counters */
            counters: {
                [key: string]: number;
            };
            /**
             * Reasons
             * @description rejects by reason
             */
            reasons: {
                [key: string]: number;
            };
            /** @description null in the first seconds of the server */
            per_minute: components["schemas"]["PerMinute"] | null;
            /**
             * How
             * @description method and path to send to; empty for ports
             */
            how: string;
            /**
             * Setting
             * @description the setting that opens it; empty for what is always open
             */
            setting: string;
        };
        /** Ended */
        Ended: {
            /** Ended */
            ended: number;
        };
        /**
         * ErrorAnswer
         * @description What every status from 400 on has as its body.
         */
        ErrorAnswer: {
            error: components["schemas"]["Fault"];
        };
        /** EventRow */
        EventRow: {
            /** Time */
            time: number;
            /** Kind */
            kind: string;
            /** Labels */
            labels: {
                [key: string]: string;
            };
            /** Text */
            text: string;
        };
        /** Events */
        Events: {
            /** Events */
            events: components["schemas"]["EventRow"][];
        };
        /**
         * Exhaustion
         * @description When something is full at the growth of now, from `at` (80 % interval).
         */
        Exhaustion: {
            /**
             * Resource
             * @description heap, metaspace, threads or container
             */
            resource: string;
            /** Host */
            host: string;
            /** In S */
            in_s: number;
            /** Between S */
            between_s: (number | null)[];
            /** Limit */
            limit: number;
            /** Level */
            level: number;
            /** Slope Per S */
            slope_per_s: number;
        };
        /** Fault */
        Fault: {
            /** Code */
            code: string;
            /** Message */
            message: string;
            /** Hint */
            hint: string;
        };
        /** Fleet */
        Fleet: {
            /** Total */
            total: number;
            /** Rows */
            rows: components["schemas"]["FleetRow"][];
        };
        /**
         * FleetRow
         * @description The newest life of one JVM, as the first screen shows it.
         */
        FleetRow: {
            /** Host */
            host: string;
            /** Jvm */
            jvm: string;
            /** Pid */
            pid: number;
            /** Started */
            started: number;
            /** Labels */
            labels: {
                [key: string]: string;
            };
            /** Java */
            java: string;
            /** Collector */
            collector: string;
            /** User */
            user: string;
            /** Container */
            container: string;
            /** State */
            state: string;
            /** Last Seen */
            last_seen: number;
            /** Heap Used */
            heap_used: number | null;
            /** Heap After Gc */
            heap_after_gc: number | null;
            /** Heap Max */
            heap_max: number | null;
            /** Growth Per Hour */
            growth_per_hour: number | null;
            /** Gc Load */
            gc_load: number | null;
            /** Bytes */
            bytes: number | null;
            /** Instances */
            instances: number | null;
            /** Classes */
            classes: number | null;
            spark: components["schemas"]["Spark"];
            top_class: components["schemas"]["TopClass"] | null;
            /** Pause Ms */
            pause_ms: number | null;
            /** Pause Share */
            pause_share: number | null;
            /** Pause Budget */
            pause_budget: number | null;
            /** Interval S */
            interval_s: number | null;
            /** Restarts */
            restarts: number;
            /** Last Event */
            last_event?: unknown;
            /**
             * Verdict
             * @description leaking, suspect, clean, undecided; empty = not judged yet
             */
            verdict: string;
            /** Verdict Reason */
            verdict_reason: string;
            /**
             * Leaks
             * @description open ones on it: id, class, state
             */
            leaks: unknown[];
            /**
             * Full In S
             * @description until heap, metaspace, threads or container is full
             */
            full_in_s: number | null;
            /** Full Between S */
            full_between_s: (number | null)[] | null;
            /** Full Of */
            full_of: string | null;
        };
        /** Formatted */
        Formatted: {
            /** Query */
            query: string;
        };
        /** Group */
        Group: {
            /** Labels */
            labels: {
                [key: string]: string;
            };
            /** State */
            state: string;
            /**
             * Level
             * @description what fires behind it: ok, warning or critical
             */
            level: string;
            /** Since */
            since: number;
            /** Seen */
            seen: number;
            /** Value */
            value: number | null;
            /** Text */
            text: string;
            /** Silenced */
            silenced: string;
        };
        /** Grown */
        Grown: {
            /** Class */
            class: string;
            /** Delta Instances */
            delta_instances: number;
            /** Delta Bytes */
            delta_bytes: number;
        };
        /** Health */
        Health: {
            /** Status */
            status: string;
            /**
             * Problems
             * @default []
             */
            problems: string[];
        };
        /** HistogramColumns */
        HistogramColumns: {
            /** Class */
            class: string[];
            /** Instances */
            instances: number[];
            /** Bytes */
            bytes: number[];
        };
        /** History */
        History: {
            /** Transitions */
            transitions: components["schemas"]["Transition"][];
        };
        /** Holder */
        Holder: {
            /** Class */
            class: string;
            /** Field */
            field: string;
            /** Objects */
            objects: number;
        };
        /** Holders */
        Holders: {
            /**
             * Jfr
             * @description by a flight recording
             */
            jfr?: components["schemas"]["Way"][];
            heap_dump?: components["schemas"]["InDump"] | null;
        };
        /** Hooked */
        Hooked: {
            /** Run */
            run: string | null;
            /** Why */
            why: string;
        };
        /** InDump */
        InDump: {
            /** Suspects */
            suspects: number;
            /** Direct */
            direct: components["schemas"]["Holder"][];
            /** Ways */
            ways: components["schemas"]["Way"][];
        };
        /**
         * Jvm
         * @description One life of one JVM process.
         */
        Jvm: {
            /** Host */
            host: string;
            /** Jvm */
            jvm: string;
            /** Pid */
            pid: number;
            /** Started */
            started: number;
            /** Labels */
            labels: {
                [key: string]: string;
            };
            /** Java */
            java: string;
            /** Collector */
            collector: string;
            /** User */
            user: string;
            /** Container */
            container: string;
            /** Command */
            command: string;
            /** First Seen */
            first_seen: number;
            /** Last Seen */
            last_seen: number;
            /**
             * State
             * @description up, exited or silent
             */
            state: string;
        };
        /** JvmCounts */
        JvmCounts: {
            /** Leaking */
            leaking: number;
            /** Suspect */
            suspect: number;
            /** Clean */
            clean: number;
            /** Undecided */
            undecided: number;
        };
        /** Jvms */
        Jvms: {
            /** Jvms */
            jvms: components["schemas"]["Jvm"][];
        };
        /**
         * Kept
         * @description What a histogram of live objects found of the growth.
         */
        Kept: {
            /** Share */
            share: number;
            /**
             * Alive
             * @description objects in all
             */
            alive: number;
            /**
             * Rate Per S
             * @description objects a second, by what lives
             */
            rate_per_s: number;
        };
        /** KeptDiagnosis */
        KeptDiagnosis: {
            /** Id */
            id: string;
            /** Time */
            time: number;
        };
        /** LabelValues */
        LabelValues: {
            /** Values */
            values: string[];
        };
        /** LabelWidth */
        LabelWidth: {
            /** Name */
            name: string;
            /** Values */
            values: number;
        };
        /** Labels */
        Labels: {
            /** Labels */
            labels: string[];
        };
        /**
         * Leak
         * @description One leak of one service, on all its hosts.
         */
        Leak: {
            /** Id */
            id: string;
            /** Service */
            service: string;
            /**
             * Class
             * @description the root of the family
             */
            class: string;
            /**
             * Family
             * @description class -> objects for each of the root
             */
            family: {
                [key: string]: number;
            };
            /** Equals */
            equals: string[];
            /** Kind */
            kind: string;
            /**
             * State
             * @description suspect, confirmed, stopped or fixed
             */
            state: string;
            /**
             * Scope
             * @description single, individual, partial or systemic
             */
            scope: string;
            /** Hosts */
            hosts: string[];
            /** Clean */
            clean: string[];
            /** Undecided */
            undecided: string[];
            /** Versions */
            versions: {
                [key: string]: string[];
            };
            /** Jvms */
            jvms: components["schemas"]["LeakOnJvm"][];
            /** Since */
            since: number;
            /** Since Between */
            since_between: number[];
            /** Rate Per S */
            rate_per_s: number;
            /** Rate Between */
            rate_between: number[];
            /** Bytes Per Leak */
            bytes_per_leak: number;
            /** Births Per S */
            births_per_s: number | null;
            /** Deaths Per S */
            deaths_per_s: number | null;
            /** Balance */
            balance: number | null;
            exhaustion: components["schemas"]["Exhaustion"] | null;
            /** Sentence */
            sentence: string;
            /** Evidence */
            evidence: {
                [key: string]: unknown;
            }[];
            /** Opened */
            opened: number;
            /** Changed */
            changed: number;
            acknowledged: components["schemas"]["Acknowledged"] | null;
            proof: components["schemas"]["Proof"] | null;
            /** History */
            history: components["schemas"]["StateOfLeak"][];
        };
        /** LeakOnJvm */
        LeakOnJvm: {
            /** Host */
            host: string;
            /** Jvm */
            jvm: string;
            /** Pid */
            pid: number;
            /** Started */
            started: number;
            /** State */
            state: string;
            /** Rate Per S */
            rate_per_s: number;
            /** Rate Between */
            rate_between: number[];
            /** Since */
            since: number;
            /** Bytes Per Leak */
            bytes_per_leak: number;
            /** Balance */
            balance: number | null;
            kept: components["schemas"]["Kept"] | null;
            exhaustion: components["schemas"]["Exhaustion"] | null;
        };
        /** Leaks */
        Leaks: {
            /** Leaks */
            leaks: components["schemas"]["Leak"][];
            jvms: components["schemas"]["JvmCounts"];
            /** Judged */
            judged: number | null;
        };
        /**
         * Link
         * @description One or more objects of a class that hold the next by one of these fields.
         */
        Link: {
            /** Holder */
            holder: string;
            /** Fields */
            fields: string[];
            /**
             * Static
             * @default false
             */
            static: boolean;
            /**
             * Times
             * @default 1
             */
            times: number;
        };
        /** ListedUser */
        ListedUser: {
            /** Name */
            name: string;
            /**
             * Role
             * @description viewer, operator or admin
             */
            role: string;
            /**
             * Source
             * @description password, or oidc: an OpenID provider keeps them
             */
            source: string;
            /**
             * Created
             * @description null for people of a provider
             */
            created: number | null;
            /**
             * Changed
             * @description when password or role changed last
             */
            changed: number | null;
            /** Last Signin */
            last_signin: number | null;
            /**
             * Sessions
             * @description in how many browsers they are signed in
             */
            sessions: number;
        };
        /**
         * LogAnswer
         * @description Messages, or the rows that an aggregation makes of them; `order` has the columns to show, in order.
         */
        LogAnswer: {
            /**
             * Kind
             * @enum {string}
             */
            kind: "messages" | "aggregate";
            /** From */
            from: number;
            /** To */
            to: number;
            /** Total */
            total: number;
            /** Columns */
            columns: {
                [key: string]: unknown[];
            };
            /** Order */
            order: string[];
            counts: components["schemas"]["Counts"];
            read: components["schemas"]["Read"];
            /** Took Ms */
            took_ms: number;
            /** Warnings */
            warnings: components["schemas"]["Warned"][];
        };
        /** LogsAsked */
        LogsAsked: {
            /**
             * Query
             * @description in the log language; empty: all messages
             */
            query: string;
            /**
             * From
             * @description RFC 3339, epoch, now, -15m or now-1h
             * @default -1h
             */
            from: string | number;
            /**
             * To
             * @description as `from`
             * @default now
             */
            to: string | number;
            /**
             * Limit
             * @description most messages in the answer
             * @default 1000
             */
            limit: number;
            /**
             * Order
             * @description of messages by time
             * @default desc
             * @enum {string}
             */
            order: "asc" | "desc";
        };
        /** LogsStored */
        LogsStored: {
            /** Stored */
            stored: boolean;
            /** Duplicate */
            duplicate: boolean;
            /** Messages */
            messages: number;
            /**
             * Rejected
             * @description lines that were not taken, by reason
             */
            rejected: {
                [key: string]: number;
            };
            /**
             * First
             * @description time of the earliest message, epoch ms
             */
            first: number;
            /** Last */
            last: number;
        };
        /** MadeToken */
        MadeToken: {
            /** Id */
            id: string;
            /** Name */
            name: string;
            /** Scopes */
            scopes: string[];
            /** Created */
            created: number;
            /** Expires */
            expires: number | null;
            /** Last Used */
            last_used: number | null;
            /**
             * Hosts
             * @description patterns of the hosts it may send for; none = all
             */
            hosts: string[];
            /**
             * Token
             * @description the secret; it is shown only here
             */
            token: string;
        };
        /**
         * MakerRow
         * @description A sender, and what it made that was heard of within a day.
         */
        MakerRow: {
            /**
             * Maker
             * @description the door, and a token's name or an address
             */
            maker: string;
            /** Series */
            series: number;
            /**
             * Jvms
             * @description lives of JVMs, by histograms and by series that name one
             */
            jvms: number;
            /**
             * Classes
             * @description named first by this sender's histograms
             */
            classes: number;
            /**
             * Used
             * @description of its limit: series, JVMs and classes
             */
            used: number;
            /**
             * Refused
             * @description points and lines of histograms beyond the limit, since the start
             */
            refused: number;
            /** Last Refused */
            last_refused: number | null;
            /**
             * Examples
             * @description names that were refused
             */
            examples: string[];
            /**
             * Metrics
             * @description of the first senders: the metrics with most series
             */
            metrics: components["schemas"]["MetricShare"][];
            /**
             * Labels
             * @description of the first senders: the labels with most values, host, jvm and class among them
             */
            labels: components["schemas"]["LabelWidth"][];
        };
        /**
         * Marked
         * @description Whose starts, deploys and crashes the charts mark; `*` stands for any.
         */
        Marked: {
            /**
             * Host
             * @default *
             */
            host: string;
            /**
             * Jvm
             * @default *
             */
            jvm: string;
        };
        /** MetricName */
        MetricName: {
            /** Metric */
            metric: string;
            /** Labels */
            labels: {
                [key: string]: string | number;
            };
            /** Last Seen */
            last_seen: number;
        };
        /** MetricNames */
        MetricNames: {
            /** Metrics */
            metrics: components["schemas"]["MetricName"][];
        };
        /** MetricShare */
        MetricShare: {
            /** Name */
            name: string;
            /** Series */
            series: number;
        };
        /** MonitorRow */
        MonitorRow: {
            /** Name */
            name: string;
            /** Kind */
            kind: string;
            /** Description */
            description: string;
            /** Enabled */
            enabled: boolean;
            /** Query */
            query: string;
            /**
             * State
             * @description the gravest of its groups
             */
            state: string;
            /** Since */
            since: number | null;
            /**
             * Counts
             * @description groups by state
             */
            counts: {
                [key: string]: number;
            };
            /** Looked */
            looked: number | null;
            /** Every S */
            every_s: number;
            /** Error */
            error: string;
        };
        /** Monitors */
        Monitors: {
            /** Monitors */
            monitors: components["schemas"]["MonitorRow"][];
            /** Files */
            files: string[];
        };
        /** NewDashboard */
        NewDashboard: {
            /**
             * Text
             * @description YAML
             */
            text: string;
            /**
             * Replaces
             * @description version that was edited, empty if there must be none; absent: replace anything
             */
            replaces?: string | null;
        };
        /** NewLogin */
        NewLogin: {
            /** Name */
            name: string;
            /**
             * Password
             * Format: password
             */
            password: string;
        };
        /** NewPanel */
        NewPanel: {
            panel: components["schemas"]["Panel"];
            /**
             * Title
             * @description of the dashboard, if it is to be made
             * @default
             */
            title: string;
        };
        /** NewPassword */
        NewPassword: {
            /**
             * Password
             * Format: password
             */
            password: string;
        };
        /** NewRole */
        NewRole: {
            /**
             * Role
             * @description viewer, operator or admin
             */
            role: string;
        };
        /** NewRun */
        NewRun: {
            /** Labels */
            labels?: {
                [key: string]: string;
            };
            /**
             * Dry Run
             * @description say what destructive steps would do, and do not do it
             */
            dry_run?: boolean | null;
        };
        /** NewSilence */
        NewSilence: {
            /**
             * Monitor
             * @description a monitor's name; a glob
             * @default *
             */
            monitor: string;
            /**
             * Match
             * @description globs of labels
             */
            match?: {
                [key: string]: string;
            };
            /**
             * Lasts
             * @description how long, such as 2h
             * @default 1h
             */
            lasts: string;
            /**
             * Starts
             * @description from when on; now, when absent
             */
            starts?: string | null;
            /**
             * Note
             * @default
             */
            note: string;
        };
        /** NewSwitch */
        NewSwitch: {
            /**
             * Note
             * @default
             */
            note: string;
            /** Stopped */
            stopped: boolean;
        };
        /** NewToken */
        NewToken: {
            /**
             * Name
             * @description whose it is
             */
            name: string;
            /**
             * Scopes
             * @description ingest, read, act, admin
             */
            scopes: string[];
            /**
             * Expires
             * @description when it ends, for example now+90d; never if absent
             */
            expires?: string | number | null;
            /**
             * Hosts
             * @description patterns such as web-*: it may send for no other host
             * @default []
             */
            hosts: string[];
        };
        /** NewUser */
        NewUser: {
            /** Name */
            name: string;
            /**
             * Role
             * @description viewer, operator or admin
             * @default viewer
             */
            role: string;
            /**
             * Password
             * Format: password
             */
            password: string;
        };
        /** Note */
        Note: {
            /**
             * Note
             * @default
             */
            note: string;
        };
        /** Offer */
        Offer: {
            /** Text */
            text: string;
            /**
             * Kind
             * @description operator, function, keyword, label, value, class, metric or row
             */
            kind: string;
            /** Detail */
            detail: string;
        };
        /** OneMonitor */
        OneMonitor: {
            /** Name */
            name: string;
            /** Kind */
            kind: string;
            /** Description */
            description: string;
            /** Enabled */
            enabled: boolean;
            /** Query */
            query: string;
            /**
             * State
             * @description the gravest of its groups
             */
            state: string;
            /** Since */
            since: number | null;
            /**
             * Counts
             * @description groups by state
             */
            counts: {
                [key: string]: number;
            };
            /** Looked */
            looked: number | null;
            /** Every S */
            every_s: number;
            /** Error */
            error: string;
            /** Groups */
            groups: components["schemas"]["Group"][];
            /** Settings */
            settings: {
                [key: string]: unknown;
            };
        };
        /**
         * Overlay
         * @description What is drawn behind a chart: how many log messages came when.
         */
        Overlay: {
            /**
             * Logs
             * @description a search in logs
             */
            logs: string;
            /**
             * Title
             * @description what it is called in the legend
             * @default
             */
            title: string;
        };
        /** OwnPassword */
        OwnPassword: {
            /**
             * Password
             * Format: password
             * @description the one until now
             */
            password: string;
            /**
             * New Password
             * Format: password
             */
            new_password: string;
        };
        /** PackageColumns */
        PackageColumns: {
            /** Package */
            package: string[];
            /** Classes */
            classes: number[];
            /** Instances */
            instances: number[];
            /** Bytes */
            bytes: number[];
            /** Delta Bytes */
            delta_bytes: number[];
        };
        /**
         * Packages
         * @description The same difference, summed by package.
         */
        Packages: {
            before: components["schemas"]["SnapshotHead"] | null;
            after: components["schemas"]["SnapshotHead"] | null;
            /** Total */
            total: number;
            columns: components["schemas"]["PackageColumns"];
        };
        /**
         * Panel
         * @description One question and how its answer is shown.
         */
        Panel: {
            /** Title */
            title: string;
            /**
             * About
             * @description a sentence under the title
             * @default
             */
            about: string;
            /**
             * Query
             * @description a metric query; several rows may be joined
             */
            query?: string | null;
            /**
             * Logs
             * @description a log query, instead of `query`
             */
            logs?: string | null;
            /**
             * Rows
             * @description letters of the query's rows to show; all if absent
             * @default []
             */
            rows: string[];
            /**
             * Chart
             * @default line
             * @enum {string}
             */
            chart: "line" | "stacked" | "bar" | "table" | "stat" | "treemap";
            /**
             * Unit
             * @default number
             * @enum {string}
             */
            unit: "bytes" | "count" | "ratio" | "ms" | "perMinute" | "number";
            /**
             * Interval
             * @description distance of the points: 10s, 5m, $name; fitting if absent
             */
            interval?: string | null;
            /**
             * Limit
             * @description a line to stay under: 800 MiB, 5000
             */
            limit?: number | string | null;
            /**
             * Limit Query
             * @description the line's height from a metric query instead
             */
            limit_query?: string | null;
            /**
             * Limit Title
             * @default limit
             */
            limit_title: string;
            overlay?: components["schemas"]["Overlay"] | null;
            /**
             * Events
             * @description mark the dashboard's events on this chart
             * @default true
             */
            events: boolean;
            /**
             * Width
             * @default half
             * @enum {string}
             */
            width: "third" | "half" | "full";
            /**
             * Height
             * @default normal
             * @enum {string}
             */
            height: "low" | "normal" | "high";
        };
        /**
         * PerMinute
         * @description How fast counters grew over about the last minute.
         */
        PerMinute: {
            /** Requests */
            requests: number;
            /** Bytes */
            bytes: number;
            /** Samples */
            samples: number;
            /** Rejects */
            rejects: number;
        };
        /**
         * PrometheusAnswer
         * @description As Prometheus' own: `data` is what was asked for; an error has `errorType` and `error` instead.
         */
        PrometheusAnswer: {
            /**
             * Status
             * @enum {string}
             */
            status: "success" | "error";
            /** Data */
            data?: unknown;
        };
        /** Proof */
        Proof: {
            /** Class */
            class: string;
            /**
             * Verdict
             * @description fixed, reduced, partly fixed, not fixed, not enough data
             */
            verdict: string;
            /** Sentence */
            sentence: string;
            before: components["schemas"]["VersionSide"] | null;
            after: components["schemas"]["VersionSide"] | null;
            /** Exposure */
            exposure: number | null;
            /** Residual */
            residual: number | null;
            /** More Samples */
            more_samples: number;
            /** Why */
            why: string;
            /** Hosts */
            hosts: string[];
        };
        /**
         * QueryAnswer
         * @description A row of the query, a row of the answer; null is no point.
         */
        QueryAnswer: {
            /**
             * Kind
             * @constant
             */
            kind: "metrics";
            /** From */
            from: number;
            /** To */
            to: number;
            /** Rows */
            rows: components["schemas"]["QueryRow"][];
            read: components["schemas"]["Read"];
            /** Took Ms */
            took_ms: number;
            /** Warnings */
            warnings: components["schemas"]["Warned"][];
        };
        /** QueryAsked */
        QueryAsked: {
            /**
             * Query
             * @description in the query language, one row a line
             */
            query: string;
            /**
             * From
             * @description RFC 3339, epoch, now, -15m or now-1h
             * @default -1h
             */
            from: string | number;
            /**
             * To
             * @description as `from`
             * @default now
             */
            to: string | number;
            /**
             * Interval
             * @description 10s or 5m or seconds; fitting if absent
             */
            interval?: string | number | null;
            /**
             * Mode
             * @description histograms to use when the query names none
             * @default all
             * @enum {string}
             */
            mode: "all" | "live";
        };
        /** QueryRow */
        QueryRow: {
            /** Letter */
            letter: string;
            /**
             * Interval S
             * @description distance of the points, chosen or asked for
             */
            interval_s: number;
            /**
             * Rollup
             * @description what became of the samples between two points
             */
            rollup: string;
            /** Times */
            times: number[];
            /** Series */
            series: components["schemas"]["QuerySeries"][];
            table: components["schemas"]["QueryTable"] | null;
        };
        /** QuerySeries */
        QuerySeries: {
            /** Labels */
            labels: {
                [key: string]: string;
            };
            /** Values */
            values: (number | null)[];
        };
        /**
         * QueryTable
         * @description Columns of equal length by name: what diff and predict tell.
         */
        QueryTable: {
            /** Columns */
            columns: {
                [key: string]: unknown[];
            };
        };
        /**
         * Read
         * @description What the answer was made from.
         */
        Read: {
            /**
             * Series
             * @default 0
             */
            series: number;
            /**
             * Points
             * @default 0
             */
            points: number;
            /**
             * Rows
             * @default 0
             */
            rows: number;
        };
        /** RejectList */
        RejectList: {
            /** Rejects */
            rejects: components["schemas"]["RejectRow"][];
            /** Counts */
            counts: {
                [key: string]: {
                    [key: string]: number;
                };
            };
            /**
             * Words
             * @description for each reason: what it means, and what to do
             */
            words: {
                [key: string]: string;
            };
        };
        /** RejectRow */
        RejectRow: {
            /** Time */
            time: number;
            /** Door */
            door: string;
            /** Peer */
            peer: string;
            /** Reason */
            reason: string;
            /** Sample */
            sample: string;
            /** Detail */
            detail: string;
        };
        /** Reloaded */
        Reloaded: {
            /** Reloaded */
            reloaded: boolean;
            /** Changed */
            changed: string[];
            /** Restart Needed */
            restart_needed: string[];
        };
        /** RemovedUser */
        RemovedUser: {
            /** Removed */
            removed: string;
        };
        /** Reply */
        Reply: {
            /**
             * Note
             * @default
             */
            note: string;
            /**
             * Step
             * @description which of its questions; absent: the one it asks now
             */
            step?: string | null;
        };
        /** Revoked */
        Revoked: {
            /** Revoked */
            revoked: string;
        };
        /** Rotation */
        Rotation: {
            /**
             * Expires
             * @description a new end; the old one stays if absent
             */
            expires?: string | number | null;
        };
        /** Run */
        Run: {
            /** Id */
            id: string;
            /** Workflow */
            workflow: string;
            /**
             * State
             * @description queued, delayed, running, waiting_approval, succeeded, failed, timed_out, cancelled, denied, expired or skipped
             */
            state: string;
            /** Reason */
            reason: string;
            /** Trigger */
            trigger: {
                [key: string]: unknown;
            };
            /** Labels */
            labels: {
                [key: string]: string;
            };
            /** Dry Run */
            dry_run: boolean;
            /** Created */
            created: number;
            /** Started */
            started: number | null;
            /** Ended */
            ended: number | null;
            /** Steps */
            steps: components["schemas"]["RunStep"][];
        };
        /** RunStep */
        RunStep: {
            /** Id */
            id: string;
            /** Do */
            do: string;
            /**
             * State
             * @description pending, running, waiting_approval, succeeded, failed, timed_out, cancelled, denied, expired, skipped, dry_run, or unknown: it was interrupted
             */
            state: string;
            /** Attempt */
            attempt: number;
            /** Started */
            started: number | null;
            /** Ended */
            ended: number | null;
            /** Duration Ms */
            duration_ms: number | null;
            /** Parameters */
            parameters: {
                [key: string]: unknown;
            };
            /** Output */
            output: {
                [key: string]: unknown;
            } | null;
            /** Error */
            error: string;
            approval: components["schemas"]["Approval"] | null;
        };
        /** Runs */
        Runs: {
            /** Runs */
            runs: components["schemas"]["Run"][];
        };
        /** SamplesStored */
        SamplesStored: {
            /** Stored */
            stored: boolean;
            /**
             * Samples
             * @description points that were read, those of classes too
             */
            samples: number;
            /**
             * Histograms
             * @description put together from lines that fit the template for paths
             */
            histograms: number;
            /**
             * Rejected
             * @description lines that were not taken, by reason
             */
            rejected: {
                [key: string]: number;
            };
        };
        /** SignInWays */
        SignInWays: {
            /**
             * Password
             * @description there are users with passwords
             */
            password: boolean;
            /**
             * Oidc
             * @description what the OpenID provider is called; empty = none
             */
            oidc: string;
            /**
             * Token
             * @description there are tokens
             */
            token: boolean;
        };
        /**
         * SignatureRow
         * @description A kind of log message, with `*` in place of what varies.
         */
        SignatureRow: {
            /** Signature */
            signature: string;
            /**
             * Count
             * @description in the window
             */
            count: number;
            /**
             * Before
             * @description in the hour before
             */
            before: number;
            /** Hosts */
            hosts: string[];
            /** First */
            first: number;
            /** Sample */
            sample: string;
            /**
             * Ratio
             * @description of the rates; null if one of them is nothing
             */
            ratio: number | null;
            /**
             * Score
             * @description how surely it is no chance; the rows are ranked by it
             */
            score: number;
            /**
             * Query
             * @description finds its messages
             */
            query: string;
        };
        /** SignedOut */
        SignedOut: {
            /** Signed Out */
            signed_out: boolean;
        };
        /** Silence */
        Silence: {
            /** Id */
            id: string;
            /** Monitor */
            monitor: string;
            /** Match */
            match: {
                [key: string]: string;
            };
            /** Starts */
            starts: number;
            /** Ends */
            ends: number;
            /** By */
            by: string;
            /** Note */
            note: string;
        };
        /** Silences */
        Silences: {
            /** Silences */
            silences: components["schemas"]["Silence"][];
        };
        /** SnapshotColumns */
        SnapshotColumns: {
            /** Time */
            time: number[];
            /** Host */
            host: string[];
            /** Jvm */
            jvm: string[];
            /** Pid */
            pid: number[];
            /** Mode */
            mode: string[];
            /** Instances */
            instances: number[];
            /** Bytes */
            bytes: number[];
            /** Classes */
            classes: number[];
            /** Pause Ms */
            pause_ms: (number | null)[];
            /** Duration Ms */
            duration_ms: (number | null)[];
        };
        /**
         * SnapshotHead
         * @description The figures of one stored histogram.
         */
        SnapshotHead: {
            /** Time */
            time: number;
            /** Bytes */
            bytes: number;
            /** Instances */
            instances: number;
            /** Classes */
            classes: number;
            /** Pause Ms */
            pause_ms: number | null;
            /** Mode */
            mode: string;
        };
        /** Snapshots */
        Snapshots: {
            columns: components["schemas"]["SnapshotColumns"];
        };
        /** Spark */
        Spark: {
            /** Times */
            times: number[];
            /** Values */
            values: (number | null)[];
        };
        /** StateOfLeak */
        StateOfLeak: {
            /** Time */
            time: number;
            /** State */
            state: string;
            /** Text */
            text: string;
        };
        /** Status */
        Status: {
            /** Version */
            version: string;
            /** Started */
            started: number;
            /** Uptime S */
            uptime_s: number;
            /** Ready */
            ready: boolean;
            /** Problems */
            problems: string[];
            /** Engine */
            engine: string;
            /** Rows */
            rows: {
                [key: string]: number;
            };
            /** Disk Bytes */
            disk_bytes: number;
            /** Retention */
            retention: {
                [key: string]: number;
            };
            /** Doors */
            doors: components["schemas"]["DoorStatus"][];
            /** Unused */
            unused: components["schemas"]["UnusedDoor"][];
            /** Agents */
            agents: components["schemas"]["AgentStatus"][];
        };
        /** Step */
        Step: {
            /** Id */
            id: string;
            /** Do */
            do: string;
            /** Destructive */
            destructive: boolean;
        };
        /**
         * StoredHistogram
         * @description One stored histogram; `format=text` gives it as jmap -histo prints it.
         */
        StoredHistogram: {
            columns: components["schemas"]["HistogramColumns"];
        };
        /** Stretch */
        Stretch: {
            /** From */
            from: number;
            /** To */
            to: number;
        };
        /** Switch */
        Switch: {
            /**
             * Stopped
             * @description whether no workflow begins, and none goes on
             */
            stopped: boolean;
            /** By */
            by: string;
            /** At */
            at: number | null;
            /** Note */
            note: string;
        };
        /**
         * TargetRow
         * @description A target that is scraped, and how its last scrape went.
         */
        TargetRow: {
            /** Job */
            job: string;
            /** Instance */
            instance: string;
            /** Url */
            url: string;
            /** Labels */
            labels: {
                [key: string]: string;
            };
            /** Interval S */
            interval_s: number;
            /**
             * Health
             * @enum {string}
             */
            health: "unknown" | "up" | "down";
            /**
             * Last
             * @description when it was scraped; null when it was not yet
             */
            last: number | null;
            /**
             * Seconds
             * @description how long that took
             */
            seconds: number;
            /** Samples */
            samples: number;
            /** Error */
            error: string;
        };
        /** Targets */
        Targets: {
            /** Targets */
            targets: components["schemas"]["TargetRow"][];
        };
        /** TextAsked */
        TextAsked: {
            /**
             * Query
             * @description as far as it is written
             */
            query: string;
            /**
             * Language
             * @description metrics or logs
             * @default metrics
             * @enum {string}
             */
            language: "metrics" | "logs";
        };
        /** TokenList */
        TokenList: {
            /** Tokens */
            tokens: components["schemas"]["TokenRow"][];
        };
        /** TokenRow */
        TokenRow: {
            /** Id */
            id: string;
            /** Name */
            name: string;
            /** Scopes */
            scopes: string[];
            /** Created */
            created: number;
            /** Expires */
            expires: number | null;
            /** Last Used */
            last_used: number | null;
            /**
             * Hosts
             * @description patterns of the hosts it may send for; none = all
             */
            hosts: string[];
        };
        /** TopClass */
        TopClass: {
            /** Class */
            class: string;
            /** Bytes Per Min */
            bytes_per_min: number | null;
        };
        /** Totals */
        Totals: {
            /** From */
            from: number;
            /** To */
            to: number;
            /** Interval S */
            interval_s: number;
            /** Rollup */
            rollup: string;
            /** Times */
            times: number[];
            /** Series */
            series: components["schemas"]["TotalsSeries"][];
            /** Warnings */
            warnings: string[];
        };
        /** TotalsSeries */
        TotalsSeries: {
            /** Labels */
            labels: {
                [key: string]: string | number;
            };
            /** Bytes */
            bytes: (number | null)[];
            /** Instances */
            instances: (number | null)[];
            /** Classes */
            classes: (number | null)[];
        };
        /** Transition */
        Transition: {
            /** Time */
            time: number;
            /** Monitor */
            monitor: string;
            /** Kind */
            kind: string;
            /** Labels */
            labels: {
                [key: string]: string;
            };
            /** Before */
            before: string;
            /** After */
            after: string;
            /** Value */
            value: number | null;
            /** Text */
            text: string;
            /** Query */
            query: string;
            /** Level */
            level: string;
            /** Was Level */
            was_level: string;
            /** Silenced */
            silenced: string;
        };
        /**
         * UnusedDoor
         * @description A way in that is off (`setting` turns it on), or that nothing came by yet (`how` to send there).
         */
        UnusedDoor: {
            /** Name */
            name: string;
            /** How */
            how: string;
            /** Setting */
            setting: string;
        };
        /**
         * UploadAnswer
         * @description What was read and stored; the total was checked against its rows.
         */
        UploadAnswer: {
            /** Stored */
            stored: boolean;
            /** Duplicate */
            duplicate: boolean;
            /** Host */
            host: string;
            /** Jvm */
            jvm: string;
            /** Pid */
            pid: number;
            /** Started */
            started: number;
            /** Time */
            time: number;
            /** Mode */
            mode: string;
            /** Rows */
            rows: number;
            /** Classes */
            classes: number;
            /** Instances */
            instances: number;
            /** Bytes */
            bytes: number;
        };
        /** UserList */
        UserList: {
            /** Users */
            users: components["schemas"]["ListedUser"][];
            /**
             * Password Least
             * @description so many characters a password has at least
             */
            password_least: number;
            /**
             * Password Most
             * @description so many characters a password has at most
             */
            password_most: number;
        };
        /** UserRow */
        UserRow: {
            /** Name */
            name: string;
            /**
             * Role
             * @description viewer, operator or admin
             */
            role: string;
            /**
             * Source
             * @description password, or oidc: an OpenID provider keeps them
             */
            source: string;
            /**
             * Created
             * @description null for people of a provider
             */
            created: number | null;
            /**
             * Changed
             * @description when password or role changed last
             */
            changed: number | null;
            /** Last Signin */
            last_signin: number | null;
        };
        /** ValueSeries */
        ValueSeries: {
            /** Labels */
            labels: {
                [key: string]: string | number;
            };
            /** Values */
            values: (number | null)[];
        };
        /**
         * Values
         * @description Series of one value a time: top classes, metrics.
         */
        Values: {
            /** From */
            from: number;
            /** To */
            to: number;
            /** Interval S */
            interval_s: number;
            /** Rollup */
            rollup: string;
            /** Times */
            times: number[];
            /** Series */
            series: components["schemas"]["ValueSeries"][];
            /** Warnings */
            warnings: string[];
        };
        /**
         * Variable
         * @description A value that whoever looks chooses; `$name` stands for it in every query.
         */
        Variable: {
            /**
             * Name
             * @description used as $name
             */
            name: string;
            /**
             * Title
             * @description what it is called on the screen; the name if absent
             * @default
             */
            title: string;
            /**
             * Kind
             * @description values of a label, free text, one of `choices`, or a distance of points
             * @default text
             * @enum {string}
             */
            kind: "label" | "text" | "choice" | "interval";
            /**
             * Label
             * @description of kind label: whose values are offered
             * @default
             */
            label: string;
            /**
             * Query
             * @description of kind label: offer only values that the series of this query have
             * @default
             */
            query: string;
            /**
             * Choices
             * @description of kind choice
             * @default []
             */
            choices: string[];
            /**
             * Many
             * @description several may be chosen: label=$name then means any of them
             * @default false
             */
            many: boolean;
            /**
             * Default
             * @description until something is chosen; * for all
             * @default
             */
            default: string | string[];
        };
        /** Verdict */
        Verdict: {
            /** Host */
            host: string;
            /** Jvm */
            jvm: string;
            /** Pid */
            pid: number;
            /** Started */
            started: number;
            /** Service */
            service: string;
            /** Version */
            version: string;
            /**
             * Verdict
             * @description leaking, suspect, clean or undecided
             */
            verdict: string;
            /** Reason */
            reason: string;
            /** At */
            at: number;
            /** Leaks */
            leaks: string[];
            /** Exhaustions */
            exhaustions: components["schemas"]["Exhaustion"][];
        };
        /** Verdicts */
        Verdicts: {
            /** Jvms */
            jvms: components["schemas"]["Verdict"][];
        };
        /** Verified */
        Verified: {
            /** Service */
            service: string;
            /** Proofs */
            proofs: components["schemas"]["Proof"][];
            /** New */
            new: string[];
            before: components["schemas"]["Compared"];
            after: components["schemas"]["Compared"];
        };
        /** VersionSide */
        VersionSide: {
            /** Slope Per S */
            slope_per_s: number;
            /** Between */
            between: number[];
            /** Samples */
            samples: number;
            /** Births Per S */
            births_per_s: number | null;
            /** Deaths Per S */
            deaths_per_s: number | null;
            /** Balance */
            balance: number | null;
        };
        /** Warned */
        Warned: {
            /** Message */
            message: string;
            /**
             * Count
             * @description how often, where it can be counted
             */
            count: number | null;
            /**
             * Row
             * @description letter of the row that it is about
             */
            row?: string | null;
        };
        /**
         * Way
         * @description Objects of a class that are held alike: the chain begins at the root.
         */
        Way: {
            /** Objects */
            objects: number;
            /** Class */
            class: string;
            /**
             * Root
             * @description in words; empty where no way to a root is known
             */
            root: string;
            /** Chain */
            chain: components["schemas"]["Link"][];
            /**
             * Stack
             * @description where most of them were made, innermost first
             */
            stack?: string[];
        };
        /** Who */
        Who: {
            /** Name */
            name: string;
            /** Scopes */
            scopes: string[];
            /**
             * Open
             * @description nobody is known, so everybody on this machine may do everything
             */
            open: boolean;
            /**
             * Kind
             * @description anybody, token, user or oidc
             */
            kind: string;
            /**
             * Role
             * @description viewer, operator or admin; empty for tokens
             */
            role: string;
            /**
             * Csrf
             * @description for the header X-CSRF-Token of changes by a session; empty for others
             */
            csrf: string;
        };
        /** Workflow */
        Workflow: {
            /** Name */
            name: string;
            /** Description */
            description: string;
            /** File */
            file: string;
            /** Text */
            text: string;
            /** Triggers */
            triggers: string[];
            /** Steps */
            steps: components["schemas"]["Step"][];
            /**
             * Destructive
             * @description what its destructive steps do: dry_run, approval or allowed
             */
            destructive: string;
            /** Running */
            running: number;
            last: components["schemas"]["Run"] | null;
        };
        /** Workflows */
        Workflows: {
            /** Workflows */
            workflows: components["schemas"]["Workflow"][];
            switch: components["schemas"]["Switch"];
            /** Configured */
            configured: boolean;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
