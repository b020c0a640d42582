/** Made by `npm run types` from the server's /openapi.json; not to be edited. */

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
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
        };
        /** BatchAnswer */
        BatchAnswer: {
            /** Stored */
            stored: boolean;
            /** Duplicate */
            duplicate: boolean;
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
        /** Jvms */
        Jvms: {
            /** Jvms */
            jvms: components["schemas"]["Jvm"][];
        };
        /** LabelValues */
        LabelValues: {
            /** Values */
            values: string[];
        };
        /** Labels */
        Labels: {
            /** Labels */
            labels: string[];
        };
        /** MadeToken */
        MadeToken: {
            /**
             * Token
             * @description the secret; it is shown only here
             */
            token: string;
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
        /** NewToken */
        NewToken: {
            /**
             * Name
             * @description whose it is
             */
            name: string;
            /**
             * Scopes
             * @description ingest, read, admin
             */
            scopes: string[];
            /**
             * Expires
             * @description when it ends, for example now+90d; never if absent
             */
            expires?: string | number | null;
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
        /** Revoked */
        Revoked: {
            /** Revoked */
            revoked: string;
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
            /** Agents */
            agents: components["schemas"]["AgentStatus"][];
        };
        /**
         * StoredHistogram
         * @description One stored histogram; `format=text` gives it as jmap -histo prints it.
         */
        StoredHistogram: {
            columns: components["schemas"]["HistogramColumns"];
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
        /** Who */
        Who: {
            /** Name */
            name: string;
            /** Scopes */
            scopes: string[];
            /**
             * Open
             * @description no token exists, so everybody on this machine may do everything
             */
            open: boolean;
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
