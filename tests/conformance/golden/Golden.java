// Apache Kafka's own generated message classes, driven from a seed: the reference that our tables
// are held against. One file, run from source:
//
//   java -cp "jars/*" Golden.java generate SEED < plan > frames    random messages, as Kafka writes
//   java -cp "jars/*" Golden.java rewrite < frames > frames        read by Kafka and written again
//
//   plan   = lines of  name first-version last-version count
//   frame  = int32 size of the rest | uint8 length, name | int16 version | uint8 status | body
//   status = 0: the body is a message; 1: it is the reason why there is none
//
// A name is that of a definition: FetchRequest, OffsetCommitValue. What this release of Kafka
// lacks, message or version, is left out. Values follow the schema that Kafka has for a version,
// through the setters of its classes, so that nothing here knows any message. Strings are
// well-formed: Kafka replaces what is not.

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;

public final class Golden {
  private static final String[] PACKAGES = {
    "common.message", "common.metadata", "coordinator.group.generated",
    "coordinator.transaction.generated", "coordinator.share.generated", "raft.generated",
    "server.log.remote.metadata.storage.generated",
  };

  public static void main(String[] args) throws Exception {
    DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out, 1 << 16));
    if (args[0].equals("generate")) generate(Long.parseLong(args[1]), out);
    else rewrite(out);
    out.flush();
  }

  // --- What is asked for -----------------------------------------------------------------------

  private static void generate(long seed, DataOutputStream out) throws Exception {
    BufferedReader plan = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = plan.readLine()) != null; ) {
      String[] words = line.split(" ");
      Kind kind = Kind.of(words[0]);
      if (kind == null) continue;
      int first = Math.max(Integer.parseInt(words[1]), kind.lowest);
      int last = Math.min(Integer.parseInt(words[2]), kind.highest);
      for (int version = first; version <= last; version++) {
        if (kind.schemas[version] == null) continue;
        // Its own stream of chance, so that a message does not depend on what else is asked for.
        long own = seed * 31 + words[0].hashCode() * 1_000_003L + version;
        Values values = new Values(new SplittableRandom(own));
        for (int i = 0; i < Integer.parseInt(words[3]); i++) {
          Message message = kind.create();
          values.fill(message, kind.schemas[version]);
          writeFrame(out, words[0], version, 0, bytesOf(message, (short) version));
        }
      }
    }
  }

  private static void rewrite(DataOutputStream out) throws Exception {
    DataInputStream in = new DataInputStream(new BufferedInputStream(System.in, 1 << 16));
    for (int first; (first = in.read()) >= 0; ) {
      int size = first << 24 | in.readUnsignedByte() << 16 | in.readUnsignedShort();
      byte[] frame = new byte[size];
      in.readFully(frame);
      int nameLength = frame[0];
      String name = new String(frame, 1, nameLength, StandardCharsets.UTF_8);
      short version = ByteBuffer.wrap(frame).getShort(1 + nameLength);
      int start = nameLength + 4;
      ByteBuffer body = ByteBuffer.wrap(frame, start, size - start).slice();
      Kind kind = Kind.of(name);
      if (kind == null || version < kind.lowest || version > kind.highest) continue;
      try {
        Message message = kind.create();
        message.read(new ByteBufferAccessor(body), version);
        if (body.hasRemaining()) throw new IOException(body.remaining() + " bytes were not read");
        writeFrame(out, name, version, 0, bytesOf(message, version));
      } catch (RuntimeException | IOException refusal) {
        writeFrame(out, name, version, 1, refusal.toString().getBytes(StandardCharsets.UTF_8));
      }
    }
  }

  private static byte[] bytesOf(Message message, short version) {
    ObjectSerializationCache cache = new ObjectSerializationCache();
    ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
    message.write(new ByteBufferAccessor(buffer), cache, version);
    if (buffer.hasRemaining()) throw new IllegalStateException("a size that does not hold");
    return buffer.array();
  }

  private static void writeFrame(
      DataOutputStream out, String name, int version, int status, byte[] bytes)
      throws IOException {
    byte[] title = name.getBytes(StandardCharsets.UTF_8);
    out.writeInt(title.length + 4 + bytes.length);
    out.writeByte(title.length);
    out.write(title);
    out.writeShort(version);
    out.writeByte(status);
    out.write(bytes);
  }

  // --- Kafka's classes -------------------------------------------------------------------------

  /** A message class with its schemas, found by the name of its definition. */
  private static final class Kind {
    private static final Map<String, Kind> KNOWN = new HashMap<>();
    final Class<?> type;
    final int lowest;
    final int highest;
    final Schema[] schemas;

    private Kind(Class<?> type) throws ReflectiveOperationException {
      this.type = type;
      lowest = type.getField("LOWEST_SUPPORTED_VERSION").getShort(null);
      highest = type.getField("HIGHEST_SUPPORTED_VERSION").getShort(null);
      schemas = (Schema[]) type.getField("SCHEMAS").get(null);
    }

    static Kind of(String name) throws ReflectiveOperationException {
      if (!KNOWN.containsKey(name)) {
        boolean suffixed = name.matches(".*(Request|Response|Header)");
        KNOWN.put(name, find(suffixed ? name + "Data" : name));
      }
      return KNOWN.get(name);
    }

    private static Kind find(String name) throws ReflectiveOperationException {
      for (String each : PACKAGES) {
        try {
          return new Kind(Class.forName("org.apache.kafka." + each + "." + name));
        } catch (ClassNotFoundException elsewhere) {
          // The next package may have it; or this release has not.
        }
      }
      return null;
    }

    Message create() throws ReflectiveOperationException {
      return (Message) type.getConstructor().newInstance();
    }
  }

  // --- What is elsewhere in each release -------------------------------------------------------

  private static final Method READABLE_RECORDS = readableRecords();

  /** MemoryRecords.readableRecords(ByteBuffer), whose package changed in Kafka 4. */
  private static Method readableRecords() {
    for (String each : new String[] {"record", "record.internal"}) {
      try {
        return Class.forName("org.apache.kafka.common." + each + ".MemoryRecords")
            .getMethod("readableRecords", ByteBuffer.class);
      } catch (ReflectiveOperationException elsewhere) {
        // The other package has it.
      }
    }
    throw new IllegalStateException("no MemoryRecords in this release");
  }

  /** The fields behind tags, which Kafka 3.9 has no getter for. */
  @SuppressWarnings("unchecked")
  private static Map<Integer, Field> taggedFieldsOf(Type section)
      throws ReflectiveOperationException {
    java.lang.reflect.Field fields = TaggedFields.class.getDeclaredField("fields");
    fields.setAccessible(true);
    return (Map<Integer, Field>) fields.get(section);
  }

  // --- Random values ---------------------------------------------------------------------------

  private static final class Values {
    private static final Map<Class<?>, Map<String, Method>> SETTERS = new HashMap<>();
    private final SplittableRandom random;

    Values(SplittableRandom random) {
      this.random = random;
    }

    /** Sets each field that the schema has; a tagged one now and then keeps its default. */
    void fill(Object message, Schema schema) throws ReflectiveOperationException {
      for (BoundField bound : schema.fields()) {
        if (bound.def instanceof Field.TaggedFieldsSection) {
          for (Field tagged : taggedFieldsOf(bound.def.type).values()) {
            if (!rarely(4)) set(message, tagged);
          }
        } else {
          set(message, bound.def);
        }
      }
    }

    private void set(Object message, Field field) throws ReflectiveOperationException {
      Method setter = settersOf(message.getClass()).get(field.name.replace("_", ""));
      if (setter == null) throw new IllegalStateException("no setter for " + field.name);
      Object value = field.type.isNullable() && rarely(7)
          ? null
          : value(field.type, setter.getParameterTypes()[0], setter);
      try {
        setter.invoke(message, value);
      } catch (InvocationTargetException refusal) {
        throw new IllegalStateException(field + " refused " + value, refusal.getCause());
      }
    }

    private static Map<String, Method> settersOf(Class<?> type) {
      return SETTERS.computeIfAbsent(type, ignored -> {
        Map<String, Method> setters = new HashMap<>();
        for (Method method : type.getMethods()) {
          if (!method.getName().startsWith("set") || method.getParameterCount() != 1) continue;
          setters.put(method.getName().substring(3).toLowerCase(Locale.ROOT), method);
        }
        return setters;
      });
    }

    /** A value of this wire type, in the Java type that a setter or a list wants. */
    private Object value(Type type, Class<?> wanted, Method setter)
        throws ReflectiveOperationException {
      if (type.isArray()) return list(type.arrayElementType().get(), wanted, setter);
      if (type instanceof Schema) {
        Object struct = wanted.getConstructor().newInstance();
        fill(struct, (Schema) type);
        return struct;
      }
      switch (type.toString().replace("COMPACT_", "").replace("NULLABLE_", "")) {
        case "BOOLEAN": return random.nextBoolean();
        case "INT8": return (byte) integer(8);
        case "INT16": return (short) integer(16);
        case "UINT16": return (int) integer(16) & 0xffff;
        case "INT32": return (int) integer(32);
        case "UINT32": return integer(32) & 0xffffffffL;
        case "INT64": return integer(64);
        case "FLOAT64": return number();
        case "UUID": return uuid();
        case "STRING": return text();
        case "BYTES": return wanted == ByteBuffer.class ? ByteBuffer.wrap(bytes()) : bytes();
        case "RECORDS": return READABLE_RECORDS.invoke(null, ByteBuffer.wrap(bytes()));
        default: throw new IllegalStateException("no values of type " + type);
      }
    }

    @SuppressWarnings("unchecked")
    private Object list(Type element, Class<?> wanted, Method setter)
        throws ReflectiveOperationException {
      Collection<Object> list = wanted == List.class
          ? new ArrayList<>()
          : (Collection<Object>) wanted.getConstructor().newInstance();
      java.lang.reflect.Type holder = wanted == List.class
          ? setter.getGenericParameterTypes()[0]
          : wanted.getGenericSuperclass();
      java.lang.reflect.Type argument = ((ParameterizedType) holder).getActualTypeArguments()[0];
      boolean struct = element instanceof Schema;
      // Past 126 elements a compact count takes two bytes.
      int size = !struct && rarely(40) ? 127 + random.nextInt(3) : random.nextInt(4);
      for (int i = 0; i < size; i++) {
        list.add(value(element, argument instanceof Class ? (Class<?>) argument : null, setter));
      }
      return list;
    }

    private boolean rarely(int every) {
      return random.nextInt(every) == 0;
    }

    /** Signed, of so many bits: often small, sometimes at an end of the range. */
    private long integer(int bits) {
      long max = (1L << (bits - 1)) - 1;
      long min = -max - 1;
      switch (random.nextInt(8)) {
        case 0: return 0;
        case 1: return -1;
        case 2: return max;
        case 3: return min;
        case 4: return random.nextInt(100);
        default: return random.nextLong(min, max) + 1;
      }
    }

    private double number() {
      double[] special = {0.0, -0.0, 1.5, Double.MIN_VALUE, Double.MAX_VALUE,
        Double.NEGATIVE_INFINITY};
      if (rarely(3)) return special[random.nextInt(special.length)];
      return (random.nextDouble() - 0.5) * Math.pow(10, random.nextInt(40) - 20);
    }

    private Uuid uuid() {
      return rarely(5) ? Uuid.ZERO_UUID : new Uuid(random.nextLong(), random.nextLong());
    }

    private String text() {
      StringBuilder text = new StringBuilder();
      int length = rarely(30) ? 120 + random.nextInt(200) : random.nextInt(14);
      int widest = rarely(3) ? 4 : 1;
      while (length-- > 0) text.appendCodePoint(codePoint(1 + random.nextInt(widest)));
      return text.toString();
    }

    /** Of so many bytes in UTF-8, and never half of a surrogate pair. */
    private int codePoint(int bytes) {
      switch (bytes) {
        case 1: return random.nextInt(0x80);
        case 2: return random.nextInt(0x80, 0x800);
        case 3: return random.nextInt(0x800, 0xd800);
        default: return random.nextInt(0x10000, 0x110000);
      }
    }

    private byte[] bytes() {
      int length = rarely(200) ? 8192 + random.nextInt(2000)
          : rarely(20) ? 120 + random.nextInt(20) : random.nextInt(20);
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      while (length-- > 0) bytes.write(random.nextInt(256));
      return bytes.toByteArray();
    }
  }
}
