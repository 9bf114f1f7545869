// Why a key of Kafka has no effect here, where more than one table says so.

/** KRaft's quorum, and Kafka's own ways of replication. */
export const withoutIt = "controllers and replicas here do without it";
