-- The tables of version 1, as the first release made them on SQLite and PostgreSQL.
CREATE TABLE chats (
    id VARCHAR(32) NOT NULL, owner TEXT NOT NULL, title TEXT NOT NULL, created BIGINT NOT NULL,
    updated BIGINT NOT NULL, settings TEXT NOT NULL, leaf VARCHAR(32), pinned BOOLEAN NOT NULL,
    temporary BOOLEAN NOT NULL, PRIMARY KEY (id)
);
CREATE INDEX chats_listed ON chats (owner, temporary, pinned, updated, id);
CREATE TABLE messages (
    id VARCHAR(32) NOT NULL, chat_id VARCHAR(32) NOT NULL, parent_id VARCHAR(32),
    message TEXT NOT NULL, state VARCHAR(16) NOT NULL, model TEXT NOT NULL, dialect TEXT NOT NULL,
    steps TEXT NOT NULL, numbers TEXT NOT NULL, finish_reason VARCHAR(16) NOT NULL, error TEXT,
    exchanges TEXT NOT NULL, rating INTEGER NOT NULL, created BIGINT NOT NULL,
    updated BIGINT NOT NULL, PRIMARY KEY (id),
    FOREIGN KEY(chat_id) REFERENCES chats (id) ON DELETE CASCADE,
    FOREIGN KEY(parent_id) REFERENCES messages (id)
);
CREATE INDEX ix_messages_parent_id ON messages (parent_id);
CREATE INDEX ix_messages_state ON messages (state);
CREATE INDEX messages_of_chat ON messages (chat_id, created);
CREATE TABLE schema_version (id INTEGER NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (id));
INSERT INTO schema_version VALUES (1, 1);
INSERT INTO chats VALUES
    ('c1', 'ann', '天气', 1, 3, '{}', 'm2', true, false);
INSERT INTO messages VALUES
    ('m1', 'c1', NULL, '{"role":"user","parts":[{"type":"text","text":"上海的天气怎么样？"}]}',
     'complete', '', '', '[]', '{}', '', NULL, '[]', 0, 2, 2),
    ('m2', 'c1', 'm1', '{"role":"assistant","parts":[{"type":"text","text":"Sunny, 25 degrees."}]}',
     'complete', 'm', 'ollama', '[]', '{}', 'stop', NULL, '["x"]', 1, 3, 3);
